"""The formats of rows, one module each."""
