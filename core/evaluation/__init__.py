"""Measure: paired comparisons, experiments, and identification of mistake steps."""
