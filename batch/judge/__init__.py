"""Looks at delivered clips frame by frame. Needs PyAV (the `video` extra)."""
