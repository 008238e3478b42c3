"""A student behind an endpoint: images are sent as data URLs, and unanswered samples are skipped and reported."""

import base64
import io
import logging
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from core.endpoints.errors import RefusedError
from core.student.endpoint import data_url, predict_at_endpoint
from core.types import EndpointSettings, Prediction, Sample, Settings
from tests.fuzz.oddities import saved
from tests.servers.openai_server import Kept, Manners, OpenAIServer, endpoint_of, openai_server, texts_of

SETTINGS = Settings(max_new_tokens=50, endpoint=EndpointSettings(at_once=2, retries=0))
SAMPLES = [
    Sample(id=n, source_id=f"s{n}", question=f"Which colour? {'long ' * n}", options=("red", "blue"), answer="red")
    for n in range(1, 12)
]


def picture(kind: str, colour: str) -> bytes:
    return saved(Image.new("RGB", (4, 3), colour), kind)


class Eyes:
    """Answers with the colour of the image it is sent, by decoding it."""

    def reply(self, messages: list[dict[str, Any]], max_tokens: int, temperature: float, seed: int) -> str:
        content = messages[0]["content"]
        if isinstance(content, str):
            return "There is no image."
        urls = [part["image_url"]["url"] for part in content if part["type"] == "image_url"]
        with Image.open(io.BytesIO(base64.b64decode(urls[0].split(",")[1]))) as image:
            red, _, blue = image.convert("RGB").getpixel((1, 1))  # type: ignore[misc]
        colour = "red" if red > blue else "blue"
        return f"Step 1: The image is {colour}.\nThe answer is {colour}. "

    def first_token(self, messages: list[dict[str, Any]]) -> list[tuple[str, float]]:
        raise AssertionError("a student is asked for no log-probabilities")

    def tokens(self, text: str) -> int:
        return len(text.split())


def predictions(
    server: OpenAIServer, samples: list[Sample], images: dict[str, tuple[bytes, str]], kept: Kept | None = None
) -> list[Prediction]:
    replies = Kept() if kept is None else kept
    batches = predict_at_endpoint(endpoint_of(server.name), samples, images.__getitem__, SETTINGS, replies, round_id=3)
    return [each for batch in batches for each in batch]


def test_the_image_and_the_question_arrive_and_the_reply_is_read_as_any_students() -> None:
    images = {"r": (picture("PNG", "red"), "image/png"), "b": (picture("JPEG", "blue"), "image/jpeg")}
    shown = [replace(SAMPLES[0], image="r"), replace(SAMPLES[1], image="b"), SAMPLES[2]]
    with openai_server(Eyes()) as server:
        first, second, blind = predictions(server, shown, images)
        (asked, *_) = [each.body for each in server.asked if "long long" not in str(each.body["messages"])]
    assert (first.answer, first.correct, first.steps, first.round) == ("red", True, ("The image is red.",), 3)
    assert (second.answer, second.correct, second.sample) == ("blue", False, 2)
    assert (blind.answer, blind.text) == (None, "There is no image.")
    assert [part["type"] for part in asked["messages"][0]["content"]] == ["image_url", "text"]
    assert texts_of(asked["messages"])[0].startswith("Which colour? long \n(A) red (B) blue")
    assert (asked["max_tokens"], asked["temperature"]) == (50, 0)


def test_a_second_run_asks_nothing() -> None:
    images = {"r": (picture("PNG", "red"), "image/png")}
    kept = Kept()
    with openai_server(Eyes()) as server:
        shown = [replace(sample, image="r") for sample in SAMPLES]
        first = predictions(server, shown, images, kept)
        assert len(first) == len(server.asked) == len(SAMPLES)
        assert predictions(server, shown, images, kept) == first
        assert len(server.asked) == len(SAMPLES)
        assert server.most_at_once <= 2


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_an_image_travels_as_its_own_bytes(kind: str) -> None:
    content = picture(kind, "red")
    head, _, data = data_url(content, f"image/{kind.lower()}").partition(",")
    assert (head, base64.b64decode(data)) == (f"data:image/{kind.lower()};base64", content)


def test_a_format_that_servers_do_not_read_travels_as_png() -> None:
    head, _, data = data_url(picture("BMP", "blue"), "image/bmp").partition(",")
    assert head == "data:image/png;base64"
    with Image.open(io.BytesIO(base64.b64decode(data))) as image:
        assert (image.format, image.size) == ("PNG", (4, 3))


def test_a_sample_that_is_not_taken_is_left_out_and_the_log_says_why(caplog: pytest.LogCaptureFixture) -> None:
    with openai_server(Eyes(), Manners(longest=36)) as server, caplog.at_level(logging.WARNING):
        found = predictions(server, SAMPLES, {})
    assert 0 < len(found) < len(SAMPLES)
    assert "sample s11 is not answered" in caplog.text
    assert "maximum context length is 36" in caplog.text


def test_where_none_is_taken_the_servers_words_are_the_failure() -> None:
    said = "does not take this request.*maximum context length is 3 "
    with openai_server(Eyes(), Manners(longest=3)) as server, pytest.raises(RefusedError, match=said):
        predictions(server, SAMPLES, {})
