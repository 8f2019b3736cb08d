"""The launcher of ``make run``."""
