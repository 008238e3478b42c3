"""Recognise files that cannot hold rows, whatever their name, and say what they are. Looks at the first bytes only."""

from core.errors import UserError

SNIFFED_BYTES = 512

_STARTS: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF", "a PDF document", "import the table or JSON file that it was made from"),
    (b"\x89PNG", "a PNG image", "import the file that lists the samples"),
    (b"\xff\xd8\xff", "a JPEG image", "import the file that lists the samples"),
    (b"GIF8", "a GIF image", "import the file that lists the samples"),
    (b"SQLite format 3\0", "an SQLite database", "export its table as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file", "save its sheet as CSV"),
    (b"\x93NUMPY", "a NumPy array", "write its rows as JSON Lines"),
    (b"\x89HDF", "an HDF5 file", "write its rows as JSON Lines or parquet"),
    (b"ARROW1", "an Arrow file", "save it as parquet, or import the folder that save_to_disk wrote"),
    (b"BZh", "a bzip2 archive", "unpack it first"),
    (b"\xfd7zXZ", "an xz archive", "unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", "unpack it first"),
    (b"7z\xbc\xaf", "a 7-Zip archive", "unpack it, or pack it as a zip"),
    (b"Rar!", "a RAR archive", "unpack it, or pack it as a zip"),
    (b"version https://git-lfs.github.com/spec/", "a Git LFS pointer, not the file itself", "run `git lfs pull` there"),
)
_MARKUP = (b"<!doctype html", b"<html", b"<head", b"<?xml", b"<error", b"<svg", b"<!--")


def refuse_wrong_kind(start: bytes, name: str) -> None:
    """Raise UserError when the first ``SNIFFED_BYTES`` bytes (unpacked) are empty or show another kind of file."""
    if not start:
        raise UserError(f"{name} is empty, so it holds no rows: copy or download it again.")
    for magic, what, advice in _STARTS:
        if start.startswith(magic):
            raise UserError(f"{name} is {what}: {advice}.")
    if start[:1] == b"\x80" and start[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        raise UserError(f"{name} is a Python pickle, which could run code: write its rows as JSON Lines.")
    if start[257:262] == b"ustar":
        raise UserError(f"{name} is a tar archive: unpack it and import the folder, or pack it as a zip.")
    markup = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if markup.startswith(_MARKUP):
        raise UserError(
            f"{name} is a web page or XML (often an error page that a download saved): open it to see what it says, "
            "and download the file again."
        )
