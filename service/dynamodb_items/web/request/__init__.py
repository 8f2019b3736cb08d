"""From an HTTP request to checked values."""
