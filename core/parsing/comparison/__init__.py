"""Compare answers: formulas and numbers by value, everything else by its words."""
