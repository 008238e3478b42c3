"""From the cells of a row to the fields of a sample."""
