"""Queueing jobs, and one generator a job kind."""
