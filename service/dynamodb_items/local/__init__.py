"""The launcher of ``make run``: the service with an embedded engine."""
