"""Word lists of all languages, as data: labels, ordinals, numbers, units, yes and no, asides."""
