"""The trials of an experiment: one trial, and several at once in processes."""
