"""Images as every reader should see them: upright, in their own brightness, and only OSError raised."""

import base64
import io

import pytest
from PIL import Image, ImageOps

from core.images import is_drawn_otherwise, load_upright
from core.student.endpoint import data_url
from tests.fuzz.oddities import BAD, GOOD, saved

NO_PICTURES = [name for name in BAD if name != "a bomb below Pillow's own limit"]


@pytest.mark.parametrize("kind", ["turned JPEG", "turned PNG", "turned WebP"])
def test_a_picture_is_shown_as_its_camera_was_held(kind: str) -> None:
    picture = load_upright(GOOD[kind])
    assert picture.size == (16, 48)
    assert [max(["red", "green", "blue"], key=lambda name: value(picture, at, name)) for at in (4, 44)] == [
        "red",
        "blue",
    ]
    assert is_drawn_otherwise(GOOD[kind])


def value(picture: Image.Image, row: int, name: str) -> int:
    return int(picture.getpixel((8, row))[("red", "green", "blue").index(name)])  # type: ignore[index]


@pytest.mark.parametrize("turn", range(2, 9))
def test_all_turns_are_those_of_pillow(turn: int) -> None:
    image = Image.effect_noise((12, 8), 90)
    exif = Image.Exif()
    exif[0x0112] = turn
    content = saved(image, "PNG", exif=exif)
    with Image.open(io.BytesIO(content)) as opened:
        assert load_upright(content).tobytes() == ImageOps.exif_transpose(opened).convert("RGB").tobytes()


def test_an_endpoint_is_shown_the_turned_picture_too() -> None:
    sent = base64.b64decode(data_url(GOOD["turned JPEG"], "image/jpeg").partition(",")[2])
    with Image.open(io.BytesIO(sent)) as image:
        assert image.size == (16, 48)
    with pytest.raises(OSError, match="cannot identify"):
        data_url(b"no picture", "image/png")


@pytest.mark.parametrize("name", GOOD)
def test_every_usable_picture_becomes_rgb_without_a_warning(name: str) -> None:
    assert load_upright(GOOD[name]).mode == "RGB"


def test_sixteen_bits_of_grey_keep_their_brightness() -> None:
    assert load_upright(GOOD["16-bit PNG"]).getpixel((0, 0)) == (155, 155, 155)


def drawing(mode: str) -> Image.Image:
    """A black line on a transparent ground."""
    image = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (0, 0, 8, 1))
    return image.convert(mode)


@pytest.mark.parametrize(
    "content",
    [
        saved(drawing("RGBA"), "PNG"),
        saved(drawing("LA"), "PNG"),
        saved(drawing("PA").convert("RGBA").quantize(), "PNG"),
        saved(drawing("RGBA"), "WEBP", lossless=True, exact=True),
        saved(drawing("RGBA"), "GIF"),
        saved(Image.new("L", (8, 8), 0), "PNG", transparency=0),
        saved(Image.new("RGB", (8, 8), "black"), "PNG", transparency=(0, 0, 0)),
    ],
    ids=["RGBA", "LA", "palette", "WebP", "GIF", "grey with a colour key", "RGB with a colour key"],
)
def test_what_is_transparent_is_white_and_not_what_lies_below(content: bytes) -> None:
    """QwenLM/Qwen3-VL #661, ollama/ollama #12841: a drawing with a transparent ground became a black square."""
    assert load_upright(content).getpixel((4, 4)) == (255, 255, 255)


def test_an_endpoint_is_sent_a_white_ground_too() -> None:
    """ollama/ollama #12841: what a server makes of transparency is its own affair."""
    sent = base64.b64decode(data_url(saved(drawing("RGBA"), "PNG"), "image/png").partition(",")[2])
    with Image.open(io.BytesIO(sent)) as image:
        assert (image.mode, image.getpixel((4, 4))) == ("RGB", (255, 255, 255))
    plain = saved(Image.new("RGB", (8, 8), "blue"), "PNG")
    assert base64.b64decode(data_url(plain, "image/png").partition(",")[2]) == plain


def test_half_transparent_colours_are_mixed_with_white() -> None:
    content = saved(Image.new("RGBA", (4, 4), (255, 0, 0, 128)), "PNG")
    red, green, blue = load_upright(content).getpixel((1, 1))  # type: ignore[misc]
    assert (red, green) == (255, blue)
    assert 125 <= green <= 129


@pytest.mark.parametrize("name", NO_PICTURES)
def test_what_is_no_picture_raises_nothing_but_oserror(name: str) -> None:
    with pytest.raises(OSError, match=r"."):
        load_upright(BAD[name])


def test_damaged_notes_beside_whole_pixels_are_overlooked() -> None:
    content = GOOD["turned JPEG"]
    at = content.index(b"Exif\0\0") + 6
    assert load_upright(content[: at + 4] + b"\xff\xff\xff\x7f" + content[at + 8 :]).size == (48, 16)
