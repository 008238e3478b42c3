"""The worker process: its loop, the registry of job kinds, and its supervisor."""
