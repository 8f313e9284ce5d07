"""The sample pictures, drawn with Pillow alone: the same pixels on every run.

`python -m manifests.drawing` from the project's root writes every picture below `manifests/`;
`python -m manifests.drawing mug villa` writes the named ones.
"""
