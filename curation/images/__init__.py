"""Images read with care: whole, of the right kind and size, or a clear error."""
