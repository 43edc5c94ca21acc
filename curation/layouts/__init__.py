"""How datasets lie in their folders: one row a layout, one module for what it reads."""
