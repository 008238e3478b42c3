"""The images of one import."""
