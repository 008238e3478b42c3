"""The Tuning tab."""
