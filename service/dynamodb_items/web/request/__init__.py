"""From an HTTP request to values."""
