"""The checks of ``switchpoint doctor``."""
