"""Import: the lines of a file become items."""
