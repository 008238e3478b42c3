"""Decode an image the same way for every reader: first frame, upright (EXIF orientation applied), RGB on white.

Dropping the transparency instead would leave the colours below it, mostly black: a drawing in black lines would be a
black square. Browsers apply the EXIF orientation; a model given the raw pixels would see another image than the
reviewer. Works on bytes only; size limits are checked on import.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

from PIL import Image

# Formats that browsers show. The short list also keeps Pillow from starting other programs (EPS).
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
JPEG_QUALITY = 92
_ORIENTATION = 0x0112
_TRANSPOSES = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@contextmanager
def ignore_warnings() -> Iterator[None]:
    """Ignore Pillow's warnings about unusual but readable images."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def load_upright(content: bytes) -> Image.Image:
    """The image in RGB, upright and without metadata. Raises OSError when the bytes are not a complete image."""
    try:
        with ignore_warnings(), Image.open(BytesIO(content), formats=FORMATS) as image:
            image.load()
            turn = _transpose_of(image)
            plain = _to_rgb(image)
    except OSError:
        raise
    except Exception as error:  # Pillow's decoders raise nearly anything on broken input
        raise OSError(str(error)) from error
    turned = plain.transpose(turn) if turn is not None else plain
    turned.info = {}  # Pillow would copy profiles and comments from it into the file it writes
    return turned


def reencode(content: bytes) -> tuple[bytes, str]:
    """The image re-encoded from its pixels for a browser, and its MIME type. Raises OSError as ``load_upright`` does.

    Drops all metadata (location, comments, appended files). Lossy images become a JPEG, all others a PNG.
    """
    image = load_upright(content)
    written = BytesIO()
    if _is_lossy(content):
        image.save(written, "JPEG", quality=JPEG_QUALITY)
        return written.getvalue(), "image/jpeg"
    image.save(written, "PNG", compress_level=3)  # a few percent larger than the default and twice as fast
    return written.getvalue(), "image/png"


def is_drawn_otherwise(content: bytes) -> bool:
    """Whether an image's own pixels are not what is shown: turned by its EXIF orientation, or partly transparent.

    Raises OSError when the bytes are not an image.
    """
    try:
        with ignore_warnings(), Image.open(BytesIO(content), formats=FORMATS) as image:
            return image.has_transparency_data or _transpose_of(image) is not None
    except OSError:
        raise
    except Exception as error:  # Pillow's decoders raise nearly anything on broken input
        raise OSError(str(error)) from error


def _is_lossy(content: bytes) -> bool:
    return content.startswith(b"\xff\xd8") or (content[8:12] == b"WEBP" and b"VP8L" not in content)


def _transpose_of(image: Image.Image) -> Image.Transpose | None:
    try:
        return _TRANSPOSES.get(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # damaged EXIF with intact pixels: browsers ignore it too
        return None


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):  # convert("RGB") would clip 16 bits at 255: an all-white image
        return image.convert("I").point(lambda value: value * (1 / 257)).convert("L").convert("RGB")
    if image.has_transparency_data:
        drawn = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", drawn.size, "white"), drawn).convert("RGB")
    return image.convert("RGB")
