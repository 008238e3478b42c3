"""Devices and safe model files."""
