"""The names of splits in file names and columns."""

_SPLITS = {
    "validation": ("validation", "val", "valid", "dev", "minival"),
    "test": ("test", "testing"),
    "train": ("train", "training"),
}


def split_named(name: str) -> str:
    """ "validation", "test" or "train" by one of the names in use for it, "" for another."""
    return next((split for split, names in _SPLITS.items() if name.strip().lower() in names), "")
