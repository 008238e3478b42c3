"""What a zip is checked for before anything in it is read, from its directory alone."""

import sys
import zipfile

from core.errors import UserError

MAX_MEMBERS = 2_000_000
MAX_RATIO = 500
SMALL = 2**20
BOMB_MESSAGE = (
    f"unpacks to more than {MAX_RATIO} times its size, which no image or annotation does: check where it came from."
)
_ENCRYPTED = 0x1
_ZSTANDARD = 93
_UNPACKED = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA} | (
    {_ZSTANDARD} if sys.version_info >= (3, 14) else set()
)


def check_zip(archive: zipfile.ZipFile, name: str) -> None:
    """Raises UserError for a zip that is too large, protected, packed in an unknown way, or holds two files as one."""
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise UserError(f"{name} holds more than {MAX_MEMBERS:,} files: split it into several.")
    for member in members:
        if member.file_size > max(SMALL, MAX_RATIO * member.compress_size):
            raise UserError(f"{name}: “{member.filename}” {BOMB_MESSAGE}")
        if member.flag_bits & _ENCRYPTED:
            raise UserError(f"{name} is protected by a password (“{member.filename}”): pack it again without one.")
        if member.compress_type not in _UNPACKED:
            raise UserError(_unknown_method(member, name))
    _refuse_twins(archive, name)
    if _holds_office(archive, "word/"):
        raise UserError(f"{name} is a Word document: save its table as CSV.")


def is_workbook(archive: zipfile.ZipFile) -> bool:
    """Whether a zip is an Excel workbook."""
    return _holds_office(archive, "xl/")


def _holds_office(archive: zipfile.ZipFile, folder: str) -> bool:
    return "[Content_Types].xml" in archive.NameToInfo and any(each.startswith(folder) for each in archive.NameToInfo)


def _unknown_method(member: zipfile.ZipInfo, name: str) -> str:
    if member.compress_type == _ZSTANDARD and name.endswith(".eval"):
        return (
            f"{name} is packed with Zstandard, which Python unpacks from 3.14 on: write it as JSON "
            "(inspect log convert --to json --output-dir FOLDER FILE) and import that."
        )
    return (
        f"{name} is packed with a method that Python does not unpack (“{member.filename}”, method "
        f"{member.compress_type}; Windows uses 9 for large files): unpack it and import the folder."
    )


def _refuse_twins(archive: zipfile.ZipFile, name: str) -> None:
    """Two members of one name: a reader finds the last, an unpacker may keep the first."""
    if len(archive.NameToInfo) == len(archive.infolist()):
        return
    for member in archive.infolist():
        other = archive.NameToInfo[member.filename]
        if (member.CRC, member.file_size) != (other.CRC, other.file_size):
            raise UserError(
                f"{name} holds “{member.filename}” twice, with different contents: pack it again with the right one."
            )
