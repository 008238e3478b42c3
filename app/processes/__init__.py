"""Processes: identity, the worker process, redacted output."""
