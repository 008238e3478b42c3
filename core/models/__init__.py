"""What students and teachers share: devices, model files and loading."""
