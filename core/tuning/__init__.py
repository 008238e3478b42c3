"""LoRA tuning of a student."""
