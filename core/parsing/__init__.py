"""Read a model's output: its steps, its answer, and what the answer scores."""
