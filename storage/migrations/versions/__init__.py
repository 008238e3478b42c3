"""The schema's history: one file a version, never changed once released."""
