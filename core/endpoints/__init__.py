"""OpenAI-compatible endpoints: addresses, keys, client, retries, Batch API and prices."""
