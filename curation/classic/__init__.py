"""Loose crops in the forms that others keep them in, both ways; the first is what SiamFC's and DSLT's loaders read:

    <curated>/Data/VID/train/<a..e>/<video>/<frame:06d>.<trackid:02d>.crop.x.jpg     search region
    <curated>/Data/VID/train/<a..e>/<video>/<frame:06d>.<trackid:02d>.crop.z.jpg     exemplar
    imdb_video_train.json, imdb_video_val.json

`exporter` writes a form from shards and imdb, `importer` packs an existing tree. `forms` is the table of them, with a
module each: `layout` (the one above), `pysot`, `siamfc` (only read). `listing` is what their indices say.
"""
