"""OpenAI-compatible endpoints: addresses, keys, client, retries, batches, prices."""
