"""Source picture -> a frame of exactly the model's size.

`settings` and `errors` import nothing heavy; `preparing` and `inspection` load Pillow with the first picture.
"""
