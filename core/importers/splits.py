"""The names of splits in file names and columns."""

_SPLITS = {
    "validation": ("validation", "val", "valid", "dev", "minival"),
    "test": ("test", "testing"),
    "train": ("train", "training"),
}


def canonical_split(name: str) -> str:
    """ "validation", "test" or "train" for any of its common names, "" for other names."""
    return next((split for split, names in _SPLITS.items() if name.strip().lower() in names), "")
