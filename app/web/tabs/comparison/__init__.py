"""The Comparison tab."""
