"""What ``switchpoint doctor`` checks."""
