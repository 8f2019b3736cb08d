"""Reads and writes of items: plans, calls and transactions; no HTTP."""
