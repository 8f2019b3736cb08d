"""gunicorn's worker for the application, and the fast path for plain requests."""
