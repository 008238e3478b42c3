"""Tuning runs: settings, resuming, and making the updates in one process or several."""
