"""What is missing here, and what to do about it: checks of a dataset tree, a DVC cache, an installation."""
