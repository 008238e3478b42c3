"""Requests that an endpoint takes only in another form, and replies that are not whole, over a real socket."""

from functools import partial
from typing import Any

import httpx2
import pytest
from openai import APIStatusError

from core.endpoints.client import EndpointClient, connect
from core.endpoints.errors import FailedError, IncompleteError, RefusedError, server_error
from core.endpoints.quirks import Quirks
from core.endpoints.replies import Reply
from core.endpoints.session import Session
from core.errors import UserError
from core.types import EndpointSettings
from tests.servers.openai_server import Kept, Manners, OpenAIServer, endpoint_of, openai_server


def an_error(status: int, said: Any) -> APIStatusError:
    """A refusal as the OpenAI client raises it: without the wrapper "error"."""
    response = httpx2.Response(status, request=httpx2.Request("POST", "http://s/v1"))
    return APIStatusError("", response=response, body=said.get("error", said) if isinstance(said, dict) else said)


QUICK = EndpointSettings(timeout=10.0, retries=1, at_once=1)


class Sage:
    """Says as many words as the question asks for, and lists two letters."""

    def first_token(self, messages: list[dict[str, Any]]) -> list[tuple[str, float]]:
        return [("A", -0.1), ("B", -2.5)]

    def reply(self, messages: list[dict[str, Any]], max_tokens: int, temperature: float, seed: int) -> str:
        return " ".join(["word"] * min(max_tokens, int(messages[-1]["content"])))

    def tokens(self, text: str) -> int:
        return len(text.split())


def there(server: OpenAIServer, kept: Kept | None = None) -> EndpointClient:
    return connect(endpoint_of(server.name), QUICK, Kept() if kept is None else kept)


async def say(words: int, session: Session, **asked: Any) -> Reply:
    return await session.ask([{"role": "user", "content": str(words)}], **{"max_tokens": 5} | asked)


async def say_or_not(words: int, session: Session) -> Reply | FailedError:
    try:
        return await say(words, session)
    except FailedError as error:
        return error


def test_a_temperature_that_is_refused_is_left_out_from_then_on() -> None:
    with openai_server(Sage(), Manners(temperature_fixed=True)) as server:
        kept = Kept()
        client = there(server, kept)
        assert [each.whole() for each in client.run([partial(say, 1), partial(say, 3)])] == [
            ["word"],
            ["word word word"],
        ]
        assert ["temperature" in each.body for each in server.asked] == [True, False, False]
        assert kept.lost_tokens == []
        there(server, kept).run([partial(say, 1), partial(say, 3)])
        assert len(server.asked) == 3, "nothing is paid twice: a reply is kept under what was wanted"


def test_the_longest_reply_goes_by_the_name_that_the_endpoint_takes() -> None:
    with openai_server(Sage(), Manners(long_name=True, temperature_fixed=True)) as server:
        there(server).run([partial(say, 2), partial(say, 3)])
        assert [sorted({"max_tokens", "max_completion_tokens"} & each.body.keys()) for each in server.asked][-2:] == [
            ["max_completion_tokens"]
        ] * 2
        assert len(server.asked) == 4


@pytest.mark.parametrize(
    ("status", "said", "dropped"),
    [
        (400, {"error": "`temperature` must be strictly positive"}, True),
        (400, [{"error": {"message": "Unable to submit: temperature must be 1 for this model"}}], True),
        (422, {"detail": [{"loc": ["body", "temperature"], "msg": "Input should be greater than 0"}]}, True),
        (500, {"error": {"message": "temperature=0.0 is not supported"}}, True),
        (400, {"code": 1210, "msg": "temperature: invalid value"}, True),
        (400, {"error": {"message": "flagged: 'What is the temperature?'", "code": "content_filter"}}, False),
        (503, {"error": "the GPU's temperature is too high"}, False),
    ],
)
def test_a_temperature_is_left_out_only_where_it_is_refused(status: int, said: Any, dropped: bool) -> None:
    quirks, sent = Quirks(), {"temperature": 0.0, "max_tokens": 5, "messages": [{"content": "Which?"}]}
    assert quirks.learn(server_error(an_error(status, said)), sent) is dropped
    assert quirks.no_temperature is dropped


def test_a_question_about_temperatures_is_not_taken_for_a_refusal_of_one() -> None:
    sent = {"temperature": 0.0, "max_tokens": 5, "messages": [{"content": "Which temperature should it have?"}]}
    said = {"error": {"message": "invalid prompt: Which temperature should it have?"}}
    assert not Quirks().learn(server_error(an_error(400, said)), sent)


@pytest.mark.parametrize(
    ("said", "other"),
    [
        ({"error": {"message": "Unsupported parameter.", "param": "max_tokens"}}, True),
        ({"detail": [{"loc": ["body", "max_tokens"], "msg": "Extra inputs are not permitted"}]}, True),
        ([{"error": {"message": 'Unknown name "max_tokens": Cannot find field.'}}], True),
        ({"error": {"message": "max_tokens is too large: not supported beyond 4096", "param": "max_tokens"}}, False),
    ],
)
def test_the_other_name_is_used_only_where_the_name_is_refused(said: Any, other: bool) -> None:
    quirks, sent = Quirks(), {"max_tokens": 5, "messages": []}
    assert quirks.learn(server_error(an_error(422, said)), sent) is other
    assert ("max_completion_tokens" in quirks.adapt(sent)) is other


def test_a_question_that_is_too_long_is_refused_whatever_the_words_name() -> None:
    with openai_server(
        Sage(), Manners(failures=[(400, {}, "'max_tokens' or 'max_completion_tokens' is too large")])
    ) as server:
        with pytest.raises(RefusedError, match="too large"):
            there(server).run([partial(say, 2)])
        assert len(server.asked) == 1


def test_a_reply_that_was_cut_off_is_counted_not_kept_and_asked_for_again_by_asking_again() -> None:
    with openai_server(Sage()) as server:
        kept = Kept()
        for _ in range(2):
            with pytest.raises(IncompleteError, match="was cut off at the longest reply that is allowed"):
                there(server, kept).run([partial(say, 9)])
        assert len(server.asked) == 2, "it is not tried again at once: it would be cut again"
    assert (dict(kept), kept.lost_tokens) == ({}, [(1, 5)] * 2)


def test_a_cut_reply_counts_where_it_holds_all_that_was_asked_for() -> None:
    with openai_server(Sage()) as server:
        kept = Kept()
        for _ in range(2):
            (reply,) = there(server, kept).run([partial(say, 9, is_enough=lambda text: len(text.split()) > 3)])
        assert (reply.texts, len(server.asked)) == (("word word word word word",), 1)


@pytest.mark.parametrize(
    ("manners", "tries", "said"),
    [
        (Manners(content="null"), 2, r"gave an empty reply \(the last of 2 tries\)"),
        (Manners(content="thought"), 1, "wrote only thoughts and no reply"),
        (Manners(content="thought", finish="length"), 1, "had written only thoughts by then"),
        (Manners(finish="content_filter"), 1, "held back by a content filter"),
        (Manners(finish="abort"), 1, 'ended its reply with "abort"'),
    ],
)
def test_what_is_not_whole_says_why(manners: Manners, tries: int, said: str) -> None:
    with openai_server(Sage(), manners) as server:
        kept = Kept()
        with pytest.raises(IncompleteError, match=said):
            there(server, kept).run([partial(say, 2)])
        assert (len(server.asked), dict(kept)) == (tries, {})


def test_many_replies_in_a_row_that_are_not_whole_end_the_rest() -> None:
    with openai_server(Sage()) as server:
        with pytest.raises(UserError, match=r"32 requests in a row failed, so no more are sent\. .*cut off"):
            there(server).run([partial(say_or_not, number) for number in range(10, 99)])
        assert len(server.asked) <= 33
        found = there(server).run([partial(say_or_not, number) for number in range(10, 41)])
        assert all(isinstance(each, IncompleteError) for each in found)


@pytest.mark.parametrize(
    ("error", "tries", "said"),
    [
        ({"message": "context length exceeded", "code": 400}, 1, "does not take this request. It says: context length"),
        ({"message": "quota for today is used", "code": "insufficient_quota"}, 1, "has no credit left"),
        ({"message": "slow down", "code": 429}, 2, "too many requests.*It says: slow down"),
        ("the model is loading", 2, "It says: the model is loading"),
    ],
)
def test_an_error_with_status_200_shows_its_own_words_and_its_code_counts(error: Any, tries: int, said: str) -> None:
    with openai_server(Sage(), Manners(error_in_body=error)) as server:
        with pytest.raises(UserError, match=said):
            there(server).run([partial(say, 2)])
        assert len(server.asked) == tries
