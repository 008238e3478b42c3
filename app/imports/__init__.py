"""Imports: preview, deduplication, pipeline, support sets, predictions and uploads."""
