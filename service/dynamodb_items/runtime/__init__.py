"""What one process has: deadlines, background threads, output streams, file descriptors."""
