"""Benchmark of the service and comparable servers on one stub backend."""
