"""Reasons, parts, listed tokens, counts and streams of answers are read in the shapes of many servers."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.endpoints.wire_format.event_stream import read_body
from core.endpoints.wire_format.finish_reasons import read_ending
from core.endpoints.wire_format.listed_tokens import listed_tokens
from core.endpoints.wire_format.message_text import text_of_content, thoughts_of
from core.endpoints.wire_format.usage import counted_tokens


@pytest.mark.parametrize(
    ("reason", "ending"),
    [
        ("FINISH_REASON_STOP", "whole"),
        ("stop_str", "whole"),
        ("finish_reason_length", "cut"),
        ("model_context_window_exceeded", "cut"),
        ("token limit", "cut"),
        ("IMAGE_SAFETY", "filtered"),
        ("ContentFilter", "filtered"),
        ("tool-use", "tool call"),
        ("abort", "other"),
        (2, "other"),
        ("", None),
        (None, None),
    ],
)
def test_a_finish_reason_counts_in_any_spelling(reason: object, ending: str | None) -> None:
    assert read_ending(reason) == ending


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "text", "text": "C, surely", "thought": True}, {"type": "text", "text": "B"}],
        [{"type": "reasoning", "summary": [{"text": "C"}]}, {"type": "message", "content": [{"text": "B"}]}],
        [{"type": "text", "content": "B"}, None, {"type": "reference", "reference_ids": [1]}],
        [{"type": "redacted_thinking", "data": "C"}, {"text": "B"}],
    ],
)
def test_thoughts_are_left_out_of_the_parts(content: Any) -> None:
    assert text_of_content(content) == "B"


def test_thoughts_are_found_in_fields_and_parts() -> None:
    assert thoughts_of({"content": "B"}) == ""
    assert thoughts_of({"content": "B", "reasoning_details": [{"text": "Is it C?"}]}) == "Is it C?"
    assert thoughts_of({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "C"}]}]})
    assert thoughts_of({"content": None, "reasoning": {"hidden": 7}}) == " "


def listed(*pairs: Any) -> dict[str, Any]:
    return {"logprobs": {"content": [{"top_logprobs": list(pairs)}]}}


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        (listed({"token": "B", "logprob": "-0.5"}), [("B", -0.5)]),
        (listed({"token": None, "bytes": [32, 66], "logprob": -0.5}), [(" B", -0.5)]),
        (listed({"bytes": [66], "logprob": -0.5}, None), [("B", -0.5)]),
        (listed({"token": "A", "logprob": float("nan")}, {"token": "B", "logprob": -1}), [("B", -1.0)]),
        (listed({"token": "A", "logprob": "-inf"}, {"token": "B", "logprob": -1}), [("A", float("-inf")), ("B", -1.0)]),
        (listed({"token": "A", "logprob": "-inf"}), []),
        ({"logprobs": {"content": [{"top_logprobs": {"B": -0.5}}]}}, [("B", -0.5)]),
        ({"logprobs": {"tokens": ["B"], "top_logprobs": [{"B": -1, "A": None}]}}, [("B", -1.0), ("A", float("-inf"))]),
        ({"logprobs": {"tokens": ["B"], "token_logprobs": [-0.5], "top_logprobs": None}}, []),
        (listed({"token": "A", "logprob": "x"}, {"token": "B", "logprob": -1}), [("B", -1.0)]),
        (listed({"bytes": [999], "logprob": -1}, {"token": "B", "logprob": -1}), [("B", -1.0)]),
        ({"logprobs": {"content": ["B"]}}, []),
        ({"logprobs": []}, []),
        ({}, []),
    ],
)  # fmt: skip
def test_listed_tokens_are_read_and_what_is_no_number_is_not_listed(choice: dict[str, Any], found: Any) -> None:
    assert listed_tokens(choice) == found


@pytest.mark.parametrize(
    ("usage", "counted"),
    [
        ({"prompt_tokens": "50", "completion_tokens": 20.0}, (50, 20)),
        ({"input_tokens": 50, "output_tokens": 20}, (50, 20)),
        ({"prompt_tokens": 50, "completion_tokens": 20, "total_tokens": 970}, (50, 920)),
        ({"prompt_tokens": 50, "completion_tokens": 0, "total_tokens": 50}, (50, 0)),
        ({"prompt_tokens": -1, "completion_tokens": float("nan"), "total_tokens": 7}, (0, 0)),
        ([1, 2], (0, 0)),
        ("n/a", (0, 0)),
        (None, (0, 0)),
    ],
)
def test_what_is_billed_is_counted_with_thoughts_that_only_the_total_has(usage: Any, counted: tuple[int, int]) -> None:
    assert counted_tokens({"usage": usage}) == counted


def events(*sent: Any) -> bytes:
    return b": ping\n\n" + b"".join(b"data: " + json.dumps(each).encode() + b"\n\n" for each in sent)


def piece(text: str, finish: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]}


def test_a_stream_that_nobody_asked_for_is_put_together() -> None:
    body = read_body(events(piece("B, "), piece("surely", "stop"), {"choices": [], "usage": {"total_tokens": 9}}))
    assert body["choices"] == [{"message": {"content": "B, surely"}, "finish_reason": "stop"}]
    assert body["usage"] == {"total_tokens": 9}
    assert read_body(events(piece("B")) + b"data: [DONE]\n\n")["choices"][0]["finish_reason"] is None
    assert read_body(events(piece("B")))["choices"][0]["finish_reason"] == "stream broken off"
    assert read_body(events(piece("B"), {"error": {"message": "gone"}})) == {"error": {"message": "gone"}}


@given(st.lists(st.text(max_size=5), min_size=1, max_size=5))
def test_the_pieces_of_a_stream_are_its_text(pieces: list[str]) -> None:
    body = read_body(events(*map(piece, pieces), piece("", "stop")))
    assert body["choices"][0]["message"].get("content", "") == "".join(pieces)
