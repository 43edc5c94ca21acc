"""Images read safely: complete, of the right kind and size, or a clear error."""
