"""Deadlines, background threads, output streams and descriptors of a process."""
