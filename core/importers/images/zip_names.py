"""Find a zip's member by the name that a row gives, whatever system packed it.

A name without the UTF-8 flag is in the packing system's own encoding (GBK on a Chinese Windows), macOS takes letters
apart (NFD), and some Windows programs write backslashes. So a name is compared composed (NFC), and one without the flag
under every encoding that its bytes may be in: the name that a row gives says which is right.
"""

import unicodedata
import zipfile
from functools import cached_property

_UTF8_FLAG = 0x800
_UNICODE_PATH = 0x7075  # Info-ZIP's field with the name in UTF-8
# In this order; cp437 is what Python reads a name without the flag as.
ENCODINGS = (
    "utf-8", "gb18030", "cp932", "big5", "cp949", "cp850", "cp1252", "cp866", "cp1251", "cp852", "cp1250", "cp737",
    "cp1253", "cp857", "cp1254", "cp862", "cp1255", "cp720", "cp1256", "cp874", "euc_jp", "koi8-u", "mac_roman",
)  # fmt: skip


class ZipNames:
    """The names of a zip's members; those with another spelling are listed when a name is not there as it is.

    ``base`` is the folder that names are looked up in first.
    """

    def __init__(self, archive: zipfile.ZipFile, base: str = "") -> None:
        self._archive = archive
        self._base = base

    def find(self, name: str) -> str | None:
        """The member of that name beside the base, in its folder "images", or in the same two places from the top."""
        known = self._archive.NameToInfo
        for place in (f"{self._base}{name}", f"{self._base}images/{name}", name, f"images/{name}"):
            if place in known:
                return place
        for base in self._bases:
            for place in (f"{base}{name}", f"{base}images/{name}"):
                if (found := place if place in known else self._spellings.get(_plain(place))) is not None:
                    return found
        return None

    @cached_property
    def _bases(self) -> list[str]:
        """The base in every spelling, the top, and the one folder that everything is in (macOS packs a folder so)."""
        shown = [each for each in self._archive.infolist() if not is_hidden(each.filename)]
        within = next((each for each in shown if self._base and each.filename.startswith(self._base)), None)
        folder = zipfile.ZipInfo(self._base)
        folder.flag_bits = within.flag_bits if within else 0
        tops = {each.filename.replace("\\", "/").partition("/")[0] for each in shown}
        only = [f"{each}/" for each in tops if len(tops) == 1]
        return list(dict.fromkeys([self._base, *filter(None, _in_encodings(folder)), "", *only]))

    @cached_property
    def _spellings(self) -> dict[str, str]:
        """The member of each name in another spelling; of two with one name, that of the earlier encoding."""
        tables: list[dict[str, str]] = [{} for _ in range(len(ENCODINGS) + 2)]
        for member in self._archive.infolist():
            name = member.filename
            if (name.isascii() and "\\" not in name) or is_hidden(name):
                continue
            for table, spelling in zip(tables, (name, _unicode_path(member), *_in_encodings(member)), strict=True):
                if spelling:
                    table.setdefault(_plain(spelling), name)
        return {spelling: name for table in reversed(tables) for spelling, name in table.items()}


def is_hidden(name: str) -> bool:
    """Whether a zip's member is hidden, or one of the copies that macOS packs beside each file."""
    return any(part.startswith((".", "__MACOSX")) and part != "." for part in name.split("/"))


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name.replace("\\", "/"))


def _in_encodings(member: zipfile.ZipInfo) -> list[str]:
    """The name under each of ``ENCODINGS``, "" where it is not in it or needs none."""
    if member.flag_bits & _UTF8_FLAG or member.filename.isascii():
        return [""] * len(ENCODINGS)
    try:
        raw = member.filename.encode("cp437")
    except UnicodeEncodeError:  # Python took the name from elsewhere
        return [""] * len(ENCODINGS)
    return [raw.decode(encoding) if _reads(raw, encoding) else "" for encoding in ENCODINGS]


def _reads(raw: bytes, encoding: str) -> bool:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _unicode_path(member: zipfile.ZipInfo) -> str:
    """The name in UTF-8 that Info-ZIP and others write beside the one in the system's encoding."""
    extra = member.extra
    while len(extra) >= 4:
        kind, size = int.from_bytes(extra[:2], "little"), int.from_bytes(extra[2:4], "little")
        if kind == _UNICODE_PATH and size > 5 and extra[4] == 1:
            return extra[9 : 4 + size].decode("utf-8", "ignore")
        extra = extra[4 + size :]
    return ""
