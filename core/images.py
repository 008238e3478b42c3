"""An image's bytes as every reader of it should see them: the first frame, upright, in RGB.

A camera writes how it was held beside the pixels (EXIF), and browsers turn the picture by it; a model that is shown
the pixels alone sees another picture than the person who reviews it. Knows no file and no limit: what is too large
was refused when it was imported.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

from PIL import Image

# What a browser shows as well; a short list also keeps Pillow from starting other programs (EPS).
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
    """Without Pillow's warnings of what is odd in a picture but can be read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def load_upright(content: bytes) -> Image.Image:
    """The picture in RGB, its pixels alone. Raises OSError where the bytes are no whole picture."""
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
    turned.info = {}  # of which Pillow would write profiles and comments into what is made of it
    return turned


def reencode(content: bytes) -> tuple[bytes, str]:
    """The picture written anew from its pixels, for a browser, and its MIME type. Raises OSError as ``upright`` does.

    Nothing comes along but pixels: no place where it was taken, no comment, no second file behind the first. A photo
    becomes a JPEG again, whatever keeps every pixel a PNG.
    """
    image = load_upright(content)
    written = BytesIO()
    if _is_lossy(content):
        image.save(written, "JPEG", quality=JPEG_QUALITY)
        return written.getvalue(), "image/jpeg"
    image.save(written, "PNG", compress_level=3)  # larger by some percent than the default, and made in half the time
    return written.getvalue(), "image/png"


def has_exif_orientation(content: bytes) -> bool:
    """Whether the picture is to be shown otherwise than its pixels lie. Raises OSError where the bytes are none."""
    try:
        with ignore_warnings(), Image.open(BytesIO(content), formats=FORMATS) as image:
            return _transpose_of(image) is not None
    except OSError:
        raise
    except Exception as error:  # as above
        raise OSError(str(error)) from error


def _is_lossy(content: bytes) -> bool:
    return content.startswith(b"\xff\xd8") or (content[8:12] == b"WEBP" and b"VP8L" not in content)


def _transpose_of(image: Image.Image) -> Image.Transpose | None:
    try:
        return _TRANSPOSES.get(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # damaged notes beside whole pixels: browsers overlook them too
        return None


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):  # whose 16 bits a conversion to RGB would cut at 255: all of it white
        return image.convert("I").point(lambda value: value * (1 / 257)).convert("L").convert("RGB")
    # Pillow warns of a palette whose colours are more or less transparent unless it takes this way.
    return image.convert("RGBA").convert("RGB") if image.mode == "P" else image.convert("RGB")
