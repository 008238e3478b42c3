"""Processes: their identity, starting the worker, and output without secrets."""
