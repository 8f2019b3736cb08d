"""Export: the items of a list become the lines of a file."""
