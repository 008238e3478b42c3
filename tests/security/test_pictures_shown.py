"""The app sends images as pixels alone, without metadata, profiles or further frames, and refuses other files."""

import hashlib
import io
import time
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from app.web.routes.images import ImageCache
from storage.database import open_database
from storage.images import save_images
from tests.browser.cases import Picture
from tests.fuzz.oddities import BAD, GOOD, PNG, saved
from tests.security.raw import Answer, ask
from tests.servers.app_server import Served

SECRETS = (b"Exif", b"ICC", b"iCCP", b"secret", b"<script", b"tEXt", b"iTXt", b"acTL", b"PK\x05\x06")
MARK = b"secret place"


def shown(served: Served, content: bytes, path: str = "", **headers: str) -> Answer:
    """What the app sends for an image with these bytes, or for the file that lies there."""
    key = f"file:{hashlib.sha256(path.encode()).hexdigest()}" if path else hashlib.sha256(content).hexdigest()
    with closing(open_database(served.data)) as db, db.write() as connection:
        save_images(connection, [Picture(hash=key, content=content, path=path)])
    return ask(served.url, "GET", f"/image/{key}", {name.replace("_", "-"): value for name, value in headers.items()})


def opened_as(answer: Answer) -> Image.Image:
    assert answer.status == 200, answer.body
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not [each for each in SECRETS if each in answer.body]
    image = Image.open(io.BytesIO(answer.body))
    image.load()
    assert f"image/{str(image.format).lower()}" == answer.headers["content-type"]
    assert getattr(image, "n_frames", 1) == 1
    assert not image.getexif()
    assert not set(image.info) - {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    return image


def photo() -> bytes:
    """A JPEG with a GPS position, a colour profile, a comment and a rotation."""
    image = Image.effect_noise((64, 48), 90).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = MARK.decode()
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 8.0, 14.0), 3: "E", 4: (11.0, 34.0, 31.0)})
    return saved(image, "JPEG", quality=95, exif=exif, icc_profile=b"ICC " + MARK, comment=MARK)


def test_a_photo_loses_place_profile_and_comment_and_is_upright(opened: Served) -> None:
    content = photo()
    assert content.count(MARK) == 3
    assert Image.open(io.BytesIO(content)).getexif().get_ifd(0x8825), "it says where it was taken"
    image = opened_as(shown(opened, content))
    assert (image.format, image.size) == ("JPEG", (48, 64))
    assert max(value for table in image.quantization.values() for value in table) <= 40, "its quality is that of 90"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "behind", [b"<!doctype html><script>alert(1)</script>", b"PK\x05\x06" + bytes(18), b"secret" * 1000]
)
def test_what_lies_behind_a_picture_stays_behind(opened: Served, behind: bytes) -> None:
    assert opened_as(shown(opened, PNG + behind)).format == "PNG"


def test_texts_in_a_picture_are_left_out(opened: Served) -> None:
    texts = PngInfo()
    texts.add_text("Comment", "secret <script>")
    texts.add_itxt("Author", "secret")
    content = saved(Image.new("RGB", (8, 6), "green"), "PNG", pnginfo=texts, icc_profile=b"secret", dpi=(99, 99))
    assert opened_as(shown(opened, content)).getpixel((0, 0)) == (0, 128, 0)


@pytest.mark.parametrize("name", GOOD)
def test_every_picture_that_can_be_imported_is_sent_as_one_frame(opened: Served, name: str) -> None:
    image = opened_as(shown(opened, GOOD[name]))
    assert image.format == ("JPEG" if "JPEG" in name or "WebP" in name else "PNG")


def test_what_kept_every_pixel_still_does(opened: Served) -> None:
    noise = Image.effect_noise((40, 30), 90).convert("RGB")
    for kind, more in (("PNG", {}), ("BMP", {}), ("WEBP", {"lossless": True})):
        assert opened_as(shown(opened, saved(noise, kind, **more))).tobytes() == noise.tobytes()


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_picture_is_refused_in_a_sentence(opened: Served, name: str) -> None:
    answer = shown(opened, BAD[name])
    assert answer.status == 415
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.body.startswith(b"This image is no readable JPEG")


def test_what_a_browser_has_already_is_not_sent_again(opened: Served) -> None:
    content = photo()
    first = shown(opened, content)
    assert "immutable" in first.headers["cache-control"]
    again = shown(opened, content, If_None_Match=f'"other", W/{first.headers["etag"]}')
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", first.headers["etag"])


def test_an_image_that_stays_in_its_file_is_asked_for_again_and_shown_as_it_is_now(
    opened: Served, tmp_path: Path
) -> None:
    path = tmp_path / "one.png"
    path.write_bytes(PNG)
    first = shown(opened, b"", str(path))
    assert opened_as(first).size == (8, 6)
    assert first.headers["cache-control"] == "private, no-cache"
    assert shown(opened, b"", str(path), If_None_Match=first.headers["etag"]).status == 304
    path.write_bytes(saved(Image.new("RGB", (5, 5)), "PNG"))
    assert opened_as(shown(opened, b"", str(path), If_None_Match=first.headers["etag"])).size == (5, 5)
    path.write_bytes(b"root:x:0:0")
    assert b"root" not in shown(opened, b"", str(path)).body
    path.unlink()
    assert shown(opened, b"", str(path)).status == 404


def test_a_picture_is_written_anew_once(opened: Served) -> None:
    content = saved(Image.effect_noise((2000, 1500), 90).convert("RGB"), "PNG", compress_level=1)
    started = time.perf_counter()
    first = shown(opened, content)
    middle = time.perf_counter()
    target = f"/image/{hashlib.sha256(content).hexdigest()}"
    again = [ask(opened.url, "GET", target) for _ in range(3)]
    assert {each.body for each in again} == {first.body}
    assert (time.perf_counter() - middle) / 3 < (middle - started) / 2


def test_the_oldest_pictures_are_let_go_and_the_largest_never_kept() -> None:
    kept = ImageCache(800)
    kept.put("whole", (bytes(101), ""))
    assert kept.get("whole") is None
    for number in range(9):
        kept.put(str(number), (bytes(100), ""))
        kept.get("0")
    assert [kept.get(str(number)) is None for number in range(3)] == [False, True, False]
    assert kept.size == 800
