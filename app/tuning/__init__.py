"""Tuning runs: options, runs in one process or several, and their message log."""
