"""Which image a row names: under any known key or column, and by a tag in its question.

A row never loses its image in silence: what is named is found or refused, and several images are refused.
"""

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from core.importers.cells import IMAGE_STARTS, is_base64, listed
from core.importers.images.sources import ImageError
from core.importers.references.image_tags import SEVERAL, find_tags, refuse_several, strip_tags
from core.importers.results import RowError

_ENDING = re.compile(r"[^\n]{1,300}\.(?:jpe?g|png|webp|gif|bmp)(?:\?\S{0,300})?", re.IGNORECASE)
_IMAGE = {"image", "img", "picture", "pic", "photo", "figure", "diagram", "screenshot"}
_PLACE = {"path", "file", "filename", "name", "url", "uri", "src", "link", "id"}
_FILE_KEYS = {"file_name", "filename", "file", "path", "media"}
_PLAIN = re.compile(r"(?:image|img|picture|photo)s?(?:_?\d+)?")
_NOT_IMAGES = {"video", "audio", "sound", "clip", "movie"}
_FILM_OR_SOUND_KEYS = ("video", "videos", "audio", "audios")
_FILM_OR_SOUND = re.compile(r"[^\n]{1,300}\.(?:mp4|avi|mov|mkv|webm|mpe?g|wav|mp3|flac|m4a|ogg)", re.IGNORECASE)
_PLACE_OF_OBJECT = re.compile(r"<(?:bbox|ref-object)>")
_ENDINGS = ("", ".jpg", ".png", ".jpeg", ".webp")
_MOST_KEY_WORDS = 5
HashOf = Callable[[Any], str | None]
Cells = list[tuple[str, Any]]


def conversation_image(
    row: Mapping[str, Any], turn: Mapping[str, Any], asked: str, hash_of: HashOf
) -> tuple[str | None, str]:
    """The hash of the image that a row of turns names (None: none), and the question without its tags.

    Raises RowError where it cannot be found, for several images, and for a video or sound.
    """
    _refuse_film_and_sound((key, value) for key, value in row.items() if _kind(key) == "film or sound")
    known = [(key, value) for each in (row, turn) for key, value in each.items() if not _is_blank(value)]
    unknown = [(key, value) for key, value in known if key not in ("id", "value") and looks_like_image(value)]
    return _found(_images(known) or (_places(known) or unknown)[:1] or _nested(row), asked, hash_of)


def table_image(
    row: Mapping[str, Any], column: str, others: Sequence[str], asked: str, hash_of: HashOf
) -> tuple[str | None, str]:
    """The same for a row of a table with a column of images ("" for none); an image in one of ``others`` is another."""
    own = [(column, row[column])] if column and not _is_blank(row.get(column)) else []
    known = [(each, row[each]) for each in others if not _is_blank(row.get(each))]
    _refuse_film_and_sound((key, value) for key, value in known if _kind(key) == "film or sound")
    unnamed = [(key, value) for key, value in known if not _kind(key) and _is_surely_image(value)]
    return _found([*own, *_images(known), *unnamed] or _places(known)[:1] or _nested(row), asked, hash_of)


def other_columns(
    columns: Iterable[str], column: str, rows: Sequence[Mapping[str, Any]] = (), taken: Iterable[str] = ()
) -> tuple[str, ...]:
    """The columns beside ``column`` that may hold an image or its name: by what they are called, and where the name of
    ``column`` does not say so either, by what is in the first rows of those that are not ``taken``.
    """
    by_values = bool(column) and not _kind(column)
    free = [each for each in columns if each != column]
    held = {each: [row[each] for row in rows if not _is_blank(row.get(each))] for each in free} if by_values else {}
    used = set(taken)
    return tuple(
        each
        for each in free
        if _kind(each) or (each not in used and held.get(each) and all(map(_is_surely_image, held[each])))
    )


def _is_surely_image(value: Any) -> bool:
    return looks_like_image(value) and (not isinstance(value, bytes) or value.startswith(IMAGE_STARTS))


def _nested(row: Mapping[str, Any]) -> Cells:
    """The image that an object in the row names ({"metadata": {"image": "a.jpg"}})."""
    inner = [item for cell in row.values() if isinstance(cell, dict) for item in cell.items()]
    return [(key, value) for key, value in inner if _kind(key) in ("image", "place") and looks_like_image(value)]


def _refuse_film_and_sound(cells: Iterable[tuple[str, Any]]) -> None:
    """Raises RowError for a video or sound: anything under a key that says so, else what looks like its file."""
    for key, value in cells:
        plain = _plain(key) in _FILM_OR_SOUND_KEYS and not isinstance(value, bool | int | float)
        found = [] if _is_blank(value) else listed(value)
        if any(plain or isinstance(each, bytes | dict) or _FILM_OR_SOUND.fullmatch(str(each)) for each in found):
            raise RowError(key, f"The row names a file under “{key}”: {SEVERAL}, and neither video nor sound.")


def refuse_objects(row: Mapping[str, Any], *texts: str) -> None:
    """Raises RowError where a text leaves places for what stands under "objects", as ms-swift's rows do."""
    if not _is_blank(row.get("objects")) and (place := next(filter(None, map(_PLACE_OF_OBJECT.search, texts)), None)):
        raise RowError(
            "objects",
            f"“{place[0]}” in the text stands for something under “objects”, in coordinates that depend on the model: "
            "write it into the text.",
        )


def looks_like_image(value: Any) -> bool:
    """Whether a value is an image, the name of an image's file, or a list of these."""
    items = listed(value)
    return bool(items) and all(
        isinstance(each, bytes)
        or (isinstance(each, dict) and bool({"bytes", "path", "url", "image_url"} & each.keys()))
        or (isinstance(each, str) and (is_base64(each) or bool(_ENDING.fullmatch(each))))
        for each in items
    )


def _found(cells: Cells, asked: str, hash_of: HashOf) -> tuple[str | None, str]:
    tags = find_tags(asked)
    refuse_several(tags)
    named = [("the question", tag.name) for tag in tags if tag.name]
    several = _distinct([*cells, *named])
    if len(several) > 1:
        where = ", ".join(dict.fromkeys(key for key, _ in several[:9]))
        raise RowError(
            "image",
            f"The row has several images ({where}): {SEVERAL}. Leave it out, or say which counts (image=COLUMN).",
        )
    if not several:
        return None, asked  # a placeholder is refused where the whole sample is known
    question = strip_tags(asked, tags)
    key, value = several[0]
    try:
        if _kind(key) == "place" and not looks_like_image(value):
            return _of_id(key, str(value).removesuffix(".0"), hash_of), question
        return hash_of(value), question
    except ImageError as error:
        raise RowError("image", str(error)) from error


def _of_id(key: str, name: str, hash_of: HashOf) -> str | None:
    """The image whose file is called after an id."""
    for ending in _ENDINGS:
        try:
            return hash_of(name + ending)
        except ImageError:
            continue
    raise RowError(
        "image",
        f"The row names its image only as “{name}” under “{key}”, and no such file is there: name the file under "
        "“image”, or say that there are no images (--map image=).",
    )


def _images(known: Cells) -> Cells:
    """The cells under keys of images; under one that may be about an image, only what looks like one."""
    return [
        (key, value)
        for key, value in known
        if _kind(key) == "image" and (_PLAIN.fullmatch(_plain(key)) or looks_like_image(value))
    ]


def _places(known: Cells) -> Cells:
    """The cells that say where an image lies, names of files first."""
    places = [(key, value) for key, value in known if _kind(key) == "place"]
    sure = [(key, value) for key, value in places if looks_like_image(value)]
    return sure or [
        (key, value)
        for key, value in places
        if _plain(key) not in _FILE_KEYS and isinstance(value, str | int | float) and not isinstance(value, bool)
    ]


@lru_cache(maxsize=4096)
def _kind(key: str) -> str:
    """ "image" for a key of images (``image``, ``image_2``, ``right_image``), "place" for one of an image's file or id
    (``image_path``, ``file_name``, ``imageId``), "film or sound", "" for any other."""
    name = _plain(key)
    words = {re.sub(r"s?\d*$", "", word) for word in name.split("_")}
    if len(words) > _MOST_KEY_WORDS or "<" in key:
        return ""  # a sentence or markup
    if name in _FILE_KEYS:
        return "place"
    if words & _NOT_IMAGES:
        return "film or sound"
    return "" if not words & _IMAGE else "place" if words & _PLACE else "image"


@lru_cache(maxsize=4096)
def _plain(key: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).lower()).strip("_")


def _distinct(cells: Cells) -> Cells:
    """The images in all cells, one entry each; lists are taken apart."""
    found: Cells = []
    for key, value in cells:
        found += [(key, each) for each in listed(value) if not any(_is_same(each, other) for _, other in found)]
    return found


def _is_same(one: Any, other: Any) -> bool:
    """Whether two cells may hold the same image: a name and an embedded image do, and a name behind a folder's."""
    if _is_name(one) != _is_name(other):
        return True
    if not _is_name(one):
        return bool(one == other)
    first, second = (posixpath.normpath(str(each).strip().replace("\\", "/")) for each in (one, other))
    return first == second or first.endswith(f"/{second}") or second.endswith(f"/{first}")


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and not is_base64(value)


def _is_blank(value: Any) -> bool:
    if isinstance(value, dict):
        return all(each is None for each in value.values())
    return not listed(value)
