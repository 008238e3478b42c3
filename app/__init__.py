"""The page, the command line and the worker: the only package that joins core and storage."""
