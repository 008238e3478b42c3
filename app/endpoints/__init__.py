"""Models behind endpoints: metering, spending and Batch API requests."""
