"""The encodings older than UTF-8, told apart by the letters of languages."""
