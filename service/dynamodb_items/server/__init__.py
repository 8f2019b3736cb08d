"""How gunicorn serves the application: its worker, and the short way for plain requests."""
