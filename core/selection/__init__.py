"""Build a training set from hits."""
