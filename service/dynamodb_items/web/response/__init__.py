"""From values and errors to HTTP responses."""
