"""Storage: one SQLite file and a folder of adapters. Depends on ``core.types`` only."""
