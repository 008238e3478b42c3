"""Comparisons of rounds, adoption and lineage."""
