"""One SQLite file and a folder of adapters; knows ``core.types`` only."""
