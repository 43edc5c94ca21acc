"""The data plane: a video dataset in, training crops and an imdb index out. No torch here."""

import os

MAX_PIXELS = 100_000_000
"""Larger images are refused undecoded. 8K video has 33 million; a damaged header can claim four thousand."""

LARGEST = 3 * MAX_PIXELS
"""Bytes of the largest file of a dataset that is read: what so many pixels take uncompressed."""

# OpenCV reads it once, when it is first imported; its own limit lets an image take 3 GB and more.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MAX_PIXELS))
