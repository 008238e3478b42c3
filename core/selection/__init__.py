"""From hits to a training set."""
