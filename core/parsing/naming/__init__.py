"""How an option may be named beside its own words and its letter: by its place, its value, an inflected word."""
