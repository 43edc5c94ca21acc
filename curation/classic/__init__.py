"""The layout that SiamFC-PyTorch and py-DSLT read, both ways: loose crops, and an index of paths and boxes.

    <curated>/Data/VID/train/<a..e>/<video>/<frame:06d>.<trackid:02d>.crop.x.jpg     search region
    <curated>/Data/VID/train/<a..e>/<video>/<frame:06d>.<trackid:02d>.crop.z.jpg     exemplar
    imdb_video_train.json, imdb_video_val.json

`exporter` writes it from shards and imdb, `importer` packs an existing tree, `layout` knows its names.
"""

from curation.classic.exporter import export_classic
from curation.classic.importer import import_classic

__all__ = ["export_classic", "import_classic"]
