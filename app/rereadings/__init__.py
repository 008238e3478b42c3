"""Reading stored predictions again by newer rules: what would change, applying it, undoing it."""
