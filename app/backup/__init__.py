"""Backups: create, restore, sanitize."""
