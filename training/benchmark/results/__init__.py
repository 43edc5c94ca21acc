"""Result files, ours and other people's: found, read, checked, written, converted."""
