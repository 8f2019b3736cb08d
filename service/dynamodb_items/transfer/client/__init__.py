"""The service as its clients see it: URLs, requests, retries, JSON."""
