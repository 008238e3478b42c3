"""The student: local or behind an endpoint."""
