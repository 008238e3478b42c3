"""Phrases that a teacher replies with: what is the phrase, whether it is whole, and whether it names a skill."""
