"""What counts as a whole reply, in all the shapes that servers give, and an error that comes with status 200."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.endpoints.errors import NoCompletionError
from core.endpoints.replies import ErrorBodyError, Reply, parse_kept_reply, read_reply

THOUGHT = {"type": "thinking", "thinking": [{"type": "text", "text": "Maybe A."}]}
ASKED: dict[str, Any] = {"messages": [{"role": "user", "content": "Hello"}]}


def read(body: Any) -> Reply:
    return read_reply(json.dumps(body).encode(), ASKED)[0]


def choice(content: Any, finish: str | None = "stop", **more: Any) -> dict[str, Any]:
    return {"message": {"role": "assistant", "content": content, **more}, "finish_reason": finish}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("B", "B"),
        (["B"], "B"),
        ([{"type": "text", "text": "B"}], "B"),
        ([THOUGHT, {"type": "text", "text": "B"}], "B"),
        ([THOUGHT, {"type": "output_text", "text": "count"}, {"type": "text", "text": "ing"}], "counting"),
        ([{"type": "text", "text": {"value": "B"}}, {"type": "image_url", "image_url": {}}], "B"),
        ({"type": "text", "text": "B"}, "B"),
    ],
)  # fmt: skip
def test_the_text_parts_are_the_reply(content: Any, text: str) -> None:
    assert read({"choices": [choice(content)]}).whole() == [text]


@pytest.mark.parametrize("finish", ["stop", "STOP", "eos", "eos_token", "end_turn", "stop_sequence", None, ""])
def test_a_text_that_ended_by_itself_is_whole(finish: str | None) -> None:
    assert read({"choices": [choice("B", finish)]}).whole() == ["B"]


@pytest.mark.parametrize(
    ("one", "flaw"),
    [
        (choice("The answer", "length"), "cut"),
        (choice(None, "length"), "cut"),
        (choice("The answer", "MAX_TOKENS"), "cut"),
        (choice(None, "length", reasoning_content="The picture shows"), "cut in thought"),
        (choice([{"type": "thinking", "thinking": "Is it"}], "model_length"), "cut in thought"),
        (choice("", "stop", reasoning="Is it A?"), "only thought"),
        (choice("The", "content_filter"), "filtered"),
        (choice("", "SAFETY"), "filtered"),
        (choice(None, "stop", refusal="I cannot help."), "refused"),
        (choice([{"type": "refusal", "refusal": "No."}]), "refused"),
        (choice(None, "tool_calls", tool_calls=[{}]), "tool call"),
        (choice("", "stop", tool_calls=[{}]), "tool call"),
        ({"message": None, "finish_reason": "error"}, "error"),
        ({"message": None, "finish_reason": None}, "empty"),
        (choice(None), "empty"),
        (choice(" \n"), "empty"),
        (choice(7), "empty"),
        (choice("<think>Is it A? The answer is A."), "only thought"),
        (choice("<think>Is it A?", "length"), "cut in thought"),
        (choice("", reasoning_details=[{"type": "reasoning.text", "text": "A?"}]), "only thought"),
        ({"finish_reason": "SAFETY"}, "filtered"),
        (choice("B", "load"), "load"),
        (choice("B", "error"), "error"),
    ],
)
def test_every_other_text_has_a_flaw_and_does_not_count(one: dict[str, Any], flaw: str) -> None:
    reply = read({"choices": [one]})
    assert (reply.whole(), reply.flaw(0)) == ([], flaw)


@pytest.mark.parametrize("finish", [None, ""])
def test_without_a_reason_a_reply_that_took_all_its_tokens_was_cut_off(finish: str | None) -> None:
    def flaw(used: int) -> str:
        body = {"choices": [choice("So the", finish), choice("B", "stop")], "usage": {"completion_tokens": used}}
        return read_reply(json.dumps(body).encode(), ASKED | {"max_tokens": 5})[0].flaw(0)

    assert (flaw(9), flaw(10), flaw(0)) == ("", "cut", "")


def test_a_choice_of_the_older_completions_is_read() -> None:
    assert read({"choices": [{"text": "B", "finish_reason": "stop", "index": 0}]}).whole() == ["B"]


def billed(one: dict[str, Any], **more: Any) -> tuple[int, int]:
    body = json.dumps({"choices": [one]} | more).encode()
    return read_reply(body, ASKED | {"max_completion_tokens": 400})[1:]


def test_what_was_billed_is_never_counted_too_low() -> None:
    assert billed(choice("B"), usage={"prompt_tokens": 7, "completion_tokens": 3}) == (7, 3)
    assert billed(choice("B"), usage={"prompt_tokens": [], "completion_tokens": "some"}) == billed(choice("B"))
    assert billed(choice("B", reasoning_content="hm " * 400))[1] > 300, "thoughts count where the server does not"
    assert billed(choice("So the", "length"))[1] == 400, "and a reply that was cut off had all that it might have"


def test_an_answer_without_a_choice_is_no_reply_and_no_wrong_address() -> None:
    """pydantic/pydantic-ai #7909, 567-labs/instructor #2548: a valid completion whose choices are an empty list."""
    assert read({"choices": [], "object": "chat.completion"}).flaw(0) == "empty"
    held_back = [{"prompt_index": 0, "content_filter_results": {"hate": {"filtered": True}}}]
    assert read({"choices": [], "prompt_filter_results": held_back}).flaw(0) == "filtered"


@pytest.mark.parametrize(
    "usage",
    [
        None,
        {},
        [],
        "12",
        {"prompt_tokens": None},
        {"prompt_tokens": -1, "completion_tokens": -1},
        {"prompt_tokens": "?"},
    ],
)
def test_tokens_that_a_server_does_not_count_are_estimated(usage: Any) -> None:
    """langchain-ai/langchain #472, browser-use/browser-use #5684: no counts, or some that are none."""
    body = json.dumps({"choices": [choice("B")], "usage": usage}).encode()
    plain = json.dumps({"choices": [choice("B")]}).encode()
    assert read_reply(body, ASKED) == read_reply(plain, ASKED)
    assert read_reply(json.dumps({"choices": [choice("B")], "usage": {"prompt_tokens": "7"}}).encode(), ASKED)[1] == 7


@pytest.mark.parametrize(
    "logprobs",
    [None, {}, [], {"content": None}, {"content": []}, {"content": [None]}, {"content": [{"top_logprobs": None}]},
     [{"token": "B"}]],
)  # fmt: skip
def test_log_probabilities_in_another_shape_are_none_and_the_reply_counts(logprobs: Any) -> None:
    """vllm-project/vllm #47838, ggml-org/llama.cpp #11346: asked for, and null or in a shape of the server's own."""
    reply = read({"choices": [choice("B") | {"logprobs": logprobs}]})
    assert (reply.top, reply.whole()) == ((), ["B"])


@pytest.mark.parametrize(
    "body",
    [
        {"error": "model 'x' not found, try pulling it first"},
        {"code": 404, "message": "The model `x` does not exist.", "object": "error", "type": "NotFoundError"},
        {"object": "error", "message": "The model `x` does not exist.", "code": None},
    ],
)
def test_a_model_that_is_not_there_is_said_so_whatever_the_status(body: Any) -> None:
    """runpod-workers/worker-vllm #57: status 200 for a model that does not exist."""
    with pytest.raises(ErrorBodyError) as raised:
        read(body)
    assert raised.value.error.status == 404


def test_of_several_texts_the_whole_ones_count_also_when_they_were_kept() -> None:
    reply = read({"choices": [choice("A"), choice("B, sin", "length"), choice(None), choice("B")]})
    assert reply.whole() == ["A", "B"]
    assert reply.whole(lambda text: text.startswith("B")) == ["A", "B, sin", "B"]
    kept = parse_kept_reply(json.dumps({"texts": reply.texts, "top": reply.top, "flaws": reply.flaws}))
    assert kept == reply


def test_a_reply_kept_by_an_older_version_counts_unless_it_is_empty() -> None:
    kept = parse_kept_reply('{"texts": ["A", ""], "top": []}')
    assert kept is not None
    assert kept.whole() == ["A"]


def test_a_token_without_a_log_probability_is_impossible() -> None:
    def listed(*values: float | None) -> dict[str, Any]:
        top = [{"token": f"t{n}", "logprob": value} for n, value in enumerate(values)]
        return {"choices": [{**choice("A"), "logprobs": {"content": [{"top_logprobs": top}]}}]}

    assert read(listed(-0.5, None, -1)).top == (("t0", -0.5), ("t1", float("-inf")), ("t2", -1.0))
    assert read(listed(None, None)).top == ()
    assert read(listed(-0.5, float("nan"))).top == (("t0", -0.5),), "what is no number is not known: as if not listed"


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"error": {"message": "context length exceeded", "code": 400}}, 400, "context length exceeded"),
        ({"error": {"message": "slow down", "code": "429"}}, 429, "slow down"),
        ({"error": {"message": "slow down", "code": "rate_limit_exceeded"}}, 429, "slow down"),
        ({"error": {"message": "no such key", "type": "invalid_api_key"}}, 401, "no such key"),
        ({"error": {"message": "wrong", "type": "invalid_request_error", "code": None}}, 400, "wrong"),
        ({"error": "the model is not loaded"}, 500, "the model is not loaded"),
        ({"object": "error", "message": "too long", "type": "BadRequestError", "code": 400}, 400, "too long"),
        ({"detail": "Not today"}, 500, "Not today"),
        ({"code": 503, "msg": "busy"}, 503, "busy"),
        ({"choices": [], "error": {"message": "no provider", "code": 502}}, 502, "no provider"),
        ({"choices": [{"error": {"message": "broke off", "code": 502}, "message": {"content": ""}}]}, 502, "broke off"),
    ],
)
def test_an_error_with_status_200_is_read_as_what_it_is(body: Any, status: int, message: str) -> None:
    with pytest.raises(ErrorBodyError) as caught:
        read(body)
    assert (caught.value.error.status, caught.value.error.message) == (status, message)


def test_a_completion_that_says_it_has_no_error_is_one() -> None:
    assert read({"error": None, "choices": [choice("B")]}).whole() == ["B"]


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "message", "content", "finish_reason", "error", "logprobs", "type", "text", "usage"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(ANY)
def test_whatever_comes_is_a_reply_an_error_or_no_completion(body: Any) -> None:
    try:
        reply = read(body)
    except (NoCompletionError, ErrorBodyError):
        return
    assert all(text.strip() for text in reply.whole())
