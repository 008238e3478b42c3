"""The containers of rows: JSON, CSV, parquet, archives and folders."""
