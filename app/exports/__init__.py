"""What leaves Switchpoint as files: selections, adapters, reviews, reports."""
