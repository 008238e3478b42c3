"""From a model's output to steps and answer, and what the answer scores."""
