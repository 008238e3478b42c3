"""Processes: their identity, starting the worker, output without secrets, and the log of bugs."""
