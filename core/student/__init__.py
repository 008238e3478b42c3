"""The student: on this machine or behind an endpoint."""
