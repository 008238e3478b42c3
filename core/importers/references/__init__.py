"""How a row refers to its image: by a column or key, by a tag in its question, or by a placeholder."""
