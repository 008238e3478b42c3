"""The images of an import."""
