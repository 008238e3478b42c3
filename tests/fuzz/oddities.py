"""Odd values, texts, names and images, each of a kind found in real files.

``PICTURES`` says for each image whether it can be used.
"""

import base64
import io
import struct
import zlib
from typing import Any

from hypothesis import strategies as st
from PIL import Image

DEEP: Any = "bottom"
for _ in range(400):
    DEEP = [DEEP]

NAMES = (
    "one.png", "images/one.png", "./one.png", "gone.png", "/etc/passwd", "../one.png", "a/../../one.png",
    "..\\..\\one.png", "C:\\one.png", "C:one.png", "\\\\host\\share\\one.png", "one\0.png", "n" * 300 + ".png",
    "d/" * 3000 + "one.png", "", " ", ".", "..", "/", "~/one.png", "file:///etc/passwd", "http://host/one.png",
    "one.png\n", "\u202eone.png", "\x1b[31mone.png", "set.jsonl", "link.png", "loop.png", "folder.png",
    "data:image/png;base64,", "data:image/png;base64,@@@@", "iVBORw0KGgo" + "A" * 80, "CON", "one.png ",
    "%2e%2e/one.png",
)  # fmt: skip
TEXTS = (
    "", " ", "\n\n", "\0", "a\0b", "\ufeffa", "\u202egnirts\u202c", "שלום עולם?", "مرحبا (a) نعم (b) لا",
    "e\u0301" * 40,
    "Z" + "\u0300" * 500, "\U0001f9d1\u200d\U0001f680", "\ud800", "\udcff x", "a\x1b[31mb\x1b[0m",
    "\x07\x08\x7f\x9b31m",
    "\u2028\u2029", "[/bold] [red]", "<script>alert(1)</script>", "=1+1", "'; DROP TABLE samples; --", "x" * 5000,
    "nan", "NaN", "null", "None", "[]", "{}", "[[1]: 2]", "{[1]: 2}", "{{}}", "{1, 2}", "{'b', 'a', 'c'}", "[1, 2",
    "[0x" + "f" * 4000 + "]", "['\\d', 1_0]", "[1if 1else 2]", "[" * 300 + "]" * 300, "(" * 50, "[b'x', 1j, ...]",
    "Which? Options: (a) yes (b) no", "Options: (a) yes (b) no", "Which? (a) x (b) x", "options: " * 200,
    "Options: a" + " " * 3000 + "b", "Which? " + "the answer is " * 100, "A", "(b)", "B)", "0", "1", "-1", "1e999",
    "9" * 400, "١", "²", "½", "true", "<image>", "<image><image> What?", "\\boxed{", "\\boxed{" * 100, "####",
    "Step 1: a Step 2: b", "Step 9999: a", "answer: answer: answer:", "\r", "a\r\nb", "\t", '"', '""', '"a',
    "a,b;c|d\te",
)  # fmt: skip
NUMBERS = (
    0, 1, -1, 2**31, 2**63, -(2**63) - 1, 2**64, 10**300, 0.0, -0.0, 1.0, 1.5, 1e308, 5e-324, float("nan"),
    float("inf"),
    float("-inf"), True, False, None,
)  # fmt: skip
SHAPES: tuple[Any, ...] = (
    [], {}, [None], [[]], [{}], {"": ""}, {"bytes": None}, {"bytes": "x", "path": 1}, {"path": "../x.png"}, ["a"],
    ["a", "a"], ["a", ""], ["a", None], [str(n) for n in range(100)], ["yes", "no"], [1, 2.0, True], {"A": "x",
    "B": "y"},
    {"text": ["x", "y"], "label": ["A", "B"]}, [{"answer": "bus"}, {"answer": None}], [{"from": "human", "value": "a"}],
    [{"from": "human", "value": "a?"}, {"from": "gpt", "value": ""}], [{"from": 1, "value": []}] * 2, {"answer": DEEP},
    DEEP, ["\ud800"], {"\ud800": 1}, [float("nan")], [float("inf"), 1],
)  # fmt: skip
VALUES = (*TEXTS, *NUMBERS, *SHAPES, *NAMES)
values = st.one_of(
    st.sampled_from(range(len(VALUES))).map(VALUES.__getitem__),
    st.text(max_size=30),
    st.integers(),
    st.floats(),
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=5), lambda each: st.lists(each, max_size=3), max_leaves=4
    ),
)


def saved(image: Image.Image, kind: str, **more: Any) -> bytes:
    content = io.BytesIO()
    image.save(content, kind, **more)
    return content.getvalue()


def claiming(width: int, height: int) -> bytes:
    """A PNG whose header claims that size, with almost no data."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits a channel, RGB
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def turned(kind: str) -> bytes:
    """A red image, 6 × 2, with a blue right end, whose EXIF data rotates it by a quarter turn."""
    image = Image.new("RGB", (48, 16), "red")
    image.paste("blue", (32, 0, 48, 16))
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(image, kind, exif=exif)


def _moving(kind: str) -> bytes:
    first, *rest = (Image.new("RGB", (8, 6), colour) for colour in ("red", "green", "blue"))
    return saved(first, kind, save_all=True, append_images=rest, duration=40)


def _palette() -> bytes:
    image = Image.new("P", (8, 6))
    image.putpalette([0, 0, 0, 255, 0, 0] + [0] * 762)
    return saved(image, "PNG", transparency=bytes([0, 128]))


PNG = saved(Image.new("RGB", (8, 6), "green"), "PNG")
JPEG = saved(Image.effect_noise((64, 48), 50).convert("RGB"), "JPEG")
GOOD = {
    "plain PNG": PNG,
    "plain JPEG": JPEG,
    "animated GIF": _moving("GIF"),
    "animated WebP": _moving("WEBP"),
    "animated PNG": _moving("PNG"),
    "several pictures in one JPEG": _moving("MPO"),
    "CMYK JPEG": saved(Image.new("CMYK", (8, 6)), "JPEG"),
    "16-bit PNG": saved(Image.new("I;16", (8, 6), 40000), "PNG"),
    "1-bit PNG": saved(Image.new("1", (8, 6)), "PNG"),
    "grey PNG with alpha": saved(Image.new("LA", (8, 6)), "PNG"),
    "palette with transparency": _palette(),
    "turned JPEG": turned("JPEG"),
    "turned PNG": turned("PNG"),
    "turned WebP": turned("WEBP"),
    "1×1": saved(Image.new("RGB", (1, 1)), "PNG"),
    "a line of 60,000 pixels": saved(Image.new("1", (60000, 1)), "PNG"),
    "trailing rubbish": PNG + b"rubbish" * 100,
    "a picture that is a zip too": PNG + b"PK\x05\x06" + bytes(18),
    "bitmap": saved(Image.new("RGB", (8, 6)), "BMP"),
}
BAD = {
    "a bomb by its header": claiming(60000, 60000),
    "a bomb below Pillow's own limit": claiming(10000, 9000),
    "a header that promises too much": claiming(7000, 7000),
    "0 pixels": claiming(0, 0),
    "SVG named .png": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "HTML named .png": b"<!doctype html><script>alert(1)</script>",
    "a cut PNG": saved(Image.effect_noise((64, 48), 50), "PNG")[:-400],
    "a cut JPEG": JPEG[: len(JPEG) // 2],
    "nothing": b"",
    "zero bytes": bytes(200),
    "a PNG signature": b"\x89PNG\r\n\x1a\n",
    "TIFF": saved(Image.new("RGB", (8, 6)), "TIFF"),
    "EPS": saved(Image.new("RGB", (8, 6)), "EPS"),
    "PDF": b"%PDF-1.4\n",
}
PICTURES = {name: (content, True) for name, content in GOOD.items()} | {
    name: (content, False) for name, content in BAD.items()
}


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """The bytes with some removed, changed, inserted, repeated or moved."""
    for _ in range(draw(st.integers(1, 3))):
        size = len(content)
        at, length = draw(st.integers(0, size)), draw(st.integers(0, 64))
        other = draw(st.integers(0, size))
        match draw(st.sampled_from(("cut", "drop", "flip", "insert", "repeat", "splice", "fill"))):
            case "cut":
                content = content[:at]
            case "drop":
                content = content[:at] + content[at + length :]
            case "flip" if size:
                at = min(at, size - 1)
                content = content[:at] + bytes([content[at] ^ (1 << draw(st.integers(0, 7)))]) + content[at + 1 :]
            case "insert":
                content = content[:at] + draw(st.sampled_from(_INSERTS) | st.binary(max_size=8)) + content[at:]
            case "repeat":
                content = content[: at + length] + content[at:]
            case "splice":
                content = content[:at] + content[other : other + length] + content[at:]
            case "fill":
                content = content[:at] + bytes([draw(st.integers(0, 255))]) * length + content[at + length :]
    return content


_INSERTS = (
    b"\0", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b'"', b"\\", b"\\u0000", b"\\ud800", b"[", b"]", b"{", b"}", b",",
    b":",
    b"\n", b"\r", b"\t", b"NaN", b"Infinity", b"-Infinity", b"1e999", b"9" * 5000, b"null", b"PK\x05\x06", b"\x1f\x8b",
    b"[" * 2000, b'{"a":' * 1500, "\u202e".encode(), b"\xed\xa0\x80", b"\x81", b"\x1b[31m",
)  # fmt: skip
encodings = st.sampled_from(
    ("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "utf-32")
)


def encoded(text: str, encoding: str) -> bytes:
    return text.encode(encoding, "surrogatepass" if encoding.startswith("utf") else "replace")


def as_base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
