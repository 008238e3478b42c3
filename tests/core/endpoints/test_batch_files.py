"""A server's batch files are read line by line, and untrusted values are rejected."""

import io
import json
from typing import Any

import pytest

from core.endpoints.batch_files import MAX_REQUESTS, BatchFile, batch_line, checked_name, parse_answer_line, parse_batch
from core.errors import UserError

KEY = "0f" * 32
REQUEST = {"model": "m", "messages": [{"role": "user", "content": "What is “1”?"}], "max_tokens": 24}


def line(**parts: Any) -> bytes:
    return json.dumps({"id": "r", "custom_id": KEY, "response": None, "error": None} | parts).encode()


def test_a_request_is_one_line_whatever_its_text_holds() -> None:
    text = "one\ntwo\u2028three\x85four"
    request = REQUEST | {"messages": [{"role": "user", "content": text}]}
    found = batch_line(KEY, request)
    assert found.count(b"\n") == 1
    assert found.endswith(b"\n")
    assert json.loads(found) == {
        "custom_id": KEY,
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": request,
    }


def test_a_file_is_full_at_fifty_thousand_requests_or_at_its_size() -> None:
    file = BatchFile(out=io.BytesIO())
    written = batch_line(KEY, REQUEST)
    file.add(KEY, REQUEST, written)
    assert file.fits(written)
    assert (file.size, file.tokens_out) == (len(written), 24)
    assert not file.fits(b"x" * 190_000_000)
    file.keys |= dict.fromkeys(map(str, range(MAX_REQUESTS)))
    assert not file.fits(written)
    file.clear()
    assert file.fits(written)
    assert (file.size, file.tokens_in, file.out.tell()) == (0, 0, 0)


def test_an_answer_is_kept_as_a_single_reply_is() -> None:
    body = {
        "choices": [{"message": {"content": "Reading"}}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 2},
    }
    found = parse_answer_line(line(response={"status_code": 200, "body": body}))
    assert found is not None
    assert (json.loads(found.reply or ""), found.tokens_in, found.tokens_out) == (
        {"texts": ["Reading"], "top": [], "flaws": [""]},
        7,
        2,
    )


@pytest.mark.parametrize(
    ("parts", "why", "refused", "unasked"),
    [
        ({"response": {"status_code": 200, "body": {"choices": []}}}, "no chat completion", False, False),
        ({"response": {"status_code": 200, "body": [3]}}, "no chat completion", False, False),
        ({"response": {"status_code": 400, "body": {"error": {"message": "too long"}}}}, "too long", True, False),
        ({"response": {"status_code": 429, "body": {"error": {"message": "slow"}}}}, "slow", False, False),
        ({"error": {"code": "batch_expired", "message": "late"}}, "late", False, True),
        ({"error": {"code": "other", "message": "sk-0123456789abcdefghij leaked"}}, "[secret] leaked", False, False),
        ({"error": "out of order"}, "did not answer it: out of order", False, False),
        ({"response": {"status_code": 400, "body": [{"error": {"message": "bad image"}}]}}, "bad image", True, False),
        ({"response": {"status_code": 200, "body": {"error": {"message": "no", "code": 400}}}}, ": no", True, False),
        ({}, "The endpoint did not answer it.", False, False),
    ],
)
def test_a_line_without_an_answer_says_why(parts: dict[str, Any], why: str, refused: bool, unasked: bool) -> None:
    found = parse_answer_line(line(**parts))
    assert found is not None
    assert found.reply is None
    assert why in found.why
    assert (found.refused, found.unasked) == (refused, unasked)


@pytest.mark.parametrize(
    ("content", "finish", "refused"),
    [("Reading the", "length", True), ("The", "content_filter", True), ("", "stop", False)],
)
def test_a_reply_that_is_not_whole_is_billed_and_sent_again_only_where_it_may_come_whole(
    content: str, finish: str, refused: bool
) -> None:
    body = {
        "choices": [{"message": {"content": content}, "finish_reason": finish}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 2},
    }
    found = parse_answer_line(line(response={"status_code": 200, "body": body}))
    assert found is not None
    assert (found.reply, found.is_billed, found.tokens_in, found.tokens_out) == (None, True, 7, 2)
    assert found.refused is refused


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b"null", b'"x"', b"{}", line(custom_id="ab"), line(custom_id=7), b"[" * 99_999]
)
def test_a_line_that_speaks_of_no_request_of_ours_is_none(text: bytes) -> None:
    assert parse_answer_line(text) is None


@pytest.mark.parametrize(
    "name", [None, 7, "", "..", "../files", "a/b", "a b", "a?b", "x" * 201, "sk-0123456789abcdefghij"]
)
def test_a_name_that_is_no_part_of_an_address_is_refused(name: object) -> None:
    with pytest.raises(UserError, match="http://h/v1 gives a batch or a file no name"):
        checked_name(name, "http://h/v1")


def test_a_batch_is_read_with_whatever_a_server_leaves_out() -> None:
    plain = parse_batch({"id": "b1", "status": "in_progress"}, "u")
    assert (plain.remote, plain.ended, plain.done, plain.error, plain.files) == ("b1", False, 0, "", ())
    odd = {"id": "b1", "status": "failed", "request_counts": [], "errors": {"data": [3, {"message": "bad"}]}}
    assert parse_batch(odd, "u").error == "bad"
    states = [
        parse_batch({"id": "b1", "status": said}, "u").state for said in ("COMPLETED", "queued", "creating", None)
    ]
    assert states == ["completed", "in_progress", "in_progress", "in_progress"]
    with pytest.raises(UserError, match="u gives a batch or a file no name"):
        parse_batch({"object": "error"}, "u")
