"""From values to an HTTP response."""
