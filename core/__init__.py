"""The method: errors to diagnoses to training samples to a tuned model. Knows no database and no page."""
