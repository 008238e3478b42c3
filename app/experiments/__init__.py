"""Experiments: requirements, arms, trials, results and identification of mistake steps."""
