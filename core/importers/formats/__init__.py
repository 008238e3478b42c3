"""One file a format of the field."""
