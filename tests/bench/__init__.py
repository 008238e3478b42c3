"""Speed as ratios against a named peer, measured in one run; ``python -m tests.bench`` is ``make bench``."""
