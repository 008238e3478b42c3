"""Files of predictions by other programs: which column is what, and the reply inside its wrappers."""
