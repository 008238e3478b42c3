"""BM25 retrieval over skill labels."""
