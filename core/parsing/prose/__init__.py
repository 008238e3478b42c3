"""What a reader skips in running text, and how an answer to an open question is found in it."""
