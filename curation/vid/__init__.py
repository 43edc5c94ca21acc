"""ILSVRC2015 VID: where its videos lie, what a frame's XML says, and the tracks of a subset."""
