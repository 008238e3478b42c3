"""What rows come in: JSON, CSV, parquet, archives and folders."""
