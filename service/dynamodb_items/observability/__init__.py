"""Events of requests and calls, and what records them: logs, metrics and traces."""
