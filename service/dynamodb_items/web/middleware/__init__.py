"""WSGI middleware around the routes."""
