"""Result files, ours and others': found, read, checked, written, converted."""
