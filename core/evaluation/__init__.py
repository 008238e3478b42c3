"""Measuring: paired comparison, experiments, identification of mistake steps."""
