"""Finds a planted secret in files and texts, in every encoding in which it may have been written."""

import base64
import gzip
import html
import io
import json
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, quote_plus

DUMP = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); [print(ascii(r)) for t, in c.execute(sys.argv[2]).fetchall() for r in c.execute(f'SELECT * FROM \"{t}\"')]"  # noqa: E501
TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
MAX_FILE_BYTES = 64 * 1024 * 1024


def ways(secret: str) -> dict[str, bytes]:
    """The secret by encoding, as it would occur in a file or text."""
    once = json.dumps(secret)[1:-1]
    found = {
        "as it is": secret,
        "JSON": once,
        "JSON in JSON": json.dumps(once)[1:-1],
        "in a part of an address": quote(secret, safe=""),
        "in a path": quote(secret),
        "in a form": quote_plus(secret),
        "HTML": html.escape(secret),
        "Python": repr(secret)[1:-1],
        "hexadecimal": secret.encode().hex(),
        "UTF-16": secret.encode("utf-16-le").decode("latin-1"),
    }
    for before in range(3):  # base64 turns three bytes into four letters, so it depends on the bytes before
        whole = base64.b64encode(bytes(before) + secret.encode()).decode()
        core = whole[(0, 2, 3)[before] : (before + len(secret.encode())) * 8 // 6]
        found[f"base64, {before}"] = core
        found[f"base64 for addresses, {before}"] = core.replace("+", "-").replace("/", "_")
    return {name: value.encode("latin-1") for name, value in found.items()}


def found_in(content: bytes, secrets: dict[str, str]) -> list[str]:
    """The secrets in the content, and in archives inside of it, each with its encoding."""
    return sorted(
        {
            f"{name}: {way}"
            for name, secret in secrets.items()
            for way, value in ways(secret).items()
            for part in _unpacked(content)
            if value in part
        }
    )


def found_below(folder: Path, secrets: dict[str, str]) -> tuple[int, list[str]]:
    """How many files were searched, and what was found in them; no database there may be open.

    A database is also read row by row, by another process, because its file stores a long text in pieces.
    """
    contents = [(path, path.read_bytes()) for path in sorted(folder.rglob("*")) if path.is_file()]
    looked = len(contents)
    for path, content in contents[:looked]:  # after all files were read: opening a database may delete its WAL
        if content.startswith(b"SQLite format 3"):
            done = subprocess.run([sys.executable, "-c", DUMP, path, TABLES], capture_output=True, check=True)
            assert done.stdout, path
            contents.append((path, done.stdout))
    found = [f"{path.relative_to(folder)}: {way}" for path, content in contents for way in found_in(content, secrets)]
    return looked, found


def _unpacked(content: bytes, depth: int = 0) -> Iterator[bytes]:
    yield content
    if depth > 2:
        return
    if content.startswith(b"PK"):
        with suppress(zipfile.BadZipFile), zipfile.ZipFile(io.BytesIO(content)) as archive:
            for each in archive.infolist():
                yield each.filename.encode()
                yield from _unpacked(archive.read(each), depth + 1)
    elif content.startswith(b"\x1f\x8b"):
        with suppress(OSError, EOFError, zlib.error):
            yield from _unpacked(gzip.decompress(content)[:MAX_FILE_BYTES], depth + 1)
