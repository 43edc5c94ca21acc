"""Follow one target through a video: frames in, boxes and an annotated video out."""
