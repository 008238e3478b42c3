"""Where the model work of a job runs: on this machine or on a Ray cluster."""
