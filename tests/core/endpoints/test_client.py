"""Requests over a real socket: bounded, retried, cached, explained, and with the right key for the host."""

import asyncio
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from typing import Any

import pytest

from core.endpoints.client import EndpointClient, Request, connect
from core.endpoints.errors import FailedError, RefusedError
from core.endpoints.replies import Reply
from core.endpoints.session import Session
from core.errors import UserError
from core.types import EndpointSettings
from tests.servers.openai_server import Kept, Manners, OpenAIServer, endpoint_of, openai_server

KEY = "sk-test-1234567890abcdef"
HELLO = [{"role": "user", "content": "Hello"}]
QUICK = EndpointSettings(timeout=10.0, retries=2)


class Parrot:
    """Repeats the last message; these tests need no model."""

    def first_token(self, messages: list[dict[str, Any]]) -> list[tuple[str, float]]:
        return [("A", -0.1), ("B", -2.5)]

    def reply(self, messages: list[dict[str, Any]], max_tokens: int, temperature: float, seed: int) -> str:
        return f"{messages[-1]['content']}!"

    def tokens(self, text: str) -> int:
        return len(text.split())


class Capped(Kept):
    """Allows one request, and no second one."""

    asked = 0

    def get(self, key: str) -> str | None:  # type: ignore[override]
        self.asked += 1
        if self.asked == 2:
            raise UserError("the cap is reached")
        return None


def client_of(
    server: OpenAIServer, replies: Kept | None = None, settings: EndpointSettings = QUICK, name: str = ""
) -> EndpointClient:
    return connect(endpoint_of(name or server.name), settings, Kept() if replies is None else replies)


async def say(text: str, session: Session) -> Reply:
    return await session.ask([{"role": "user", "content": text}], max_tokens=4)


def hello(client: EndpointClient) -> Reply:
    (reply,) = client.run([partial(say, "Hello")])
    return reply


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "SWITCHPOINT_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def test_replies_come_in_the_order_of_the_work_and_no_more_than_allowed_at_once() -> None:
    with openai_server(Parrot(), Manners(delay=0.05)) as server:
        settings = EndpointSettings(at_once=3)
        replies = client_of(server, settings=settings).run([partial(say, f"text {number}") for number in range(20)])
        assert [reply.texts[0] for reply in replies] == [f"text {number}!" for number in range(20)]
        assert 1 < server.most_at_once <= 3


def test_the_next_list_is_under_way_while_a_list_is_looked_at_and_no_more_is_read_ahead() -> None:
    read, begun = [], []

    async def piece(number: int, _: Session) -> int:
        begun.append(number)
        await asyncio.sleep(0.01 * (number + 1))
        return number

    def work() -> Iterator[Request[int]]:
        for number in range(40):
            read.append(number)
            yield partial(piece, number)

    with openai_server(Parrot()) as server:
        lists = client_of(server, settings=EndpointSettings(at_once=2)).stream(work())
        assert next(lists) == list(range(8))
        assert (8 in begun, len(read)) == (True, 16)
        assert [len(each) for each in lists] == [8, 8, 8, 8]


def test_who_looks_no_further_leaves_nothing_unpaid_or_unkept() -> None:
    with openai_server(Parrot(), Manners(delay=0.02)) as server:
        kept = Kept()
        lists = client_of(server, kept, EndpointSettings(at_once=2)).stream(
            partial(say, f"text {n}") for n in range(40)
        )
        next(lists)
        lists.close()
        assert len(kept) == len(server.asked) < 16
        assert kept.lost_tokens == []


def test_a_second_run_asks_nothing_and_costs_nothing() -> None:
    with openai_server(Parrot()) as server:
        kept = Kept()
        first = hello(client_of(server, kept))
        assert (len(server.asked), kept.tokens) == (1, (1, 1))
        assert hello(client_of(server, kept)) == first
        assert (len(server.asked), kept.tokens) == (1, (1, 1))


def test_another_address_model_or_request_is_another_reply() -> None:
    kept = Kept()
    with openai_server(Parrot()) as server, openai_server(Parrot()) as other:
        for each in (server, other):
            client = client_of(each, kept)
            client.run([partial(say, "Hello"), partial(say, "Hello."), partial(_ask, {"max_tokens": 5})])
            client.run([partial(_ask, {"draw": 1}), partial(_ask, {"top": 2}), partial(_ask, {"n": 2})])
    assert len(kept) == len(server.asked) + len(other.asked) == 12


async def _ask(more: dict[str, Any], session: Session) -> Reply:
    return await session.ask(HELLO, **{"max_tokens": 4} | more)


def test_where_no_tokens_are_counted_four_characters_are_one() -> None:
    with openai_server(Parrot(), Manners(usage=False)) as server:
        kept = Kept()
        hello(client_of(server, kept))
    assert kept.tokens == (5 // 4 + 5, 6 // 4 + 5)


def test_too_many_requests_are_asked_again_after_the_time_that_the_server_named() -> None:
    with openai_server(Parrot(), Manners(failures=[(429, {"Retry-After": "1"}, "slow down")])) as server:
        assert hello(client_of(server)).texts == ("Hello!",)
        first, second = server.asked
    # The client's own first wait is at most half a second, so a longer one is due to the header.
    assert second.at - first.at >= 0.95


def test_a_time_named_by_a_date_is_waited_for_too() -> None:
    when = datetime.now(UTC) + timedelta(seconds=3)
    named = format_datetime(when, usegmt=True)
    with openai_server(Parrot(), Manners(failures=[(503, {"Retry-After": named}, "later")])) as server:
        assert hello(client_of(server)).texts == ("Hello!",)
        first, second = server.asked
    assert second.at - first.at >= 1, "a date has no fractions of a second, and the first request takes some"
    assert datetime.now(UTC) >= when.replace(microsecond=0)


async def say_or_not(text: str, session: Session) -> str:
    try:
        return (await say(text, session)).texts[0]
    except FailedError as error:
        return str(error)


def test_one_request_that_fails_for_good_leaves_the_others_be() -> None:
    class Picky(Parrot):
        def reply(self, messages: list[dict[str, Any]], max_tokens: int, temperature: float, seed: int) -> str:
            if messages[-1]["content"] == "2":
                raise ValueError  # cuts the connection
            return super().reply(messages, max_tokens, temperature, seed)

    with openai_server(Picky()) as server:
        kept = Kept()
        settings = EndpointSettings(retries=1)
        said = client_of(server, kept, settings).run([partial(say_or_not, f"{number}") for number in range(6)])
        assert len(server.asked) == 7
    assert [*said[:2], *said[3:]] == ["0!", "1!", "3!", "4!", "5!"]
    assert "ended the connection before its answer was whole (the last of 2 tries)" in said[2]
    assert len(kept) == 5
    assert len(kept.lost_tokens) == 2


def test_many_failures_in_a_row_end_the_rest() -> None:
    with openai_server(Parrot(), Manners(failures=[(500, {}, "oops")] * 99)) as server:
        there = client_of(server, settings=EndpointSettings(retries=0, at_once=2))
        with pytest.raises(UserError, match=r"10 requests in a row failed, so no more are sent. .*status 500"):
            there.run([partial(say_or_not, f"{number}") for number in range(99)])
        assert len(server.asked) <= 14, "10 that failed, and what the two at once had begun before they were stopped"


def test_what_is_asked_twice_at_the_same_time_is_sent_once() -> None:
    with openai_server(Parrot(), Manners(delay=0.1)) as server:
        assert [each.texts for each in client_of(server).run([partial(say, "Hello")] * 5)] == [("Hello!",)] * 5
        assert len(server.asked) == 1


def test_no_other_try_is_made_once_the_replies_say_no() -> None:
    with openai_server(Parrot(), Manners(failures=[(500, {}, "oops")] * 3)) as server:
        with pytest.raises(UserError, match="the cap is reached"):
            hello(client_of(server, Capped()))
        assert len(server.asked) == 1


def test_a_reply_without_the_list_that_is_needed_is_asked_for_again() -> None:
    async def listed(session: Session) -> Reply:
        return await session.ask(HELLO, max_tokens=1, top=2, listed=True)

    with openai_server(Parrot(), Manners(logprobs=False)) as server:
        with pytest.raises(FailedError, match="left out the log-probabilities that it gives with other answers"):
            client_of(server, settings=EndpointSettings(retries=1)).run([listed])
        assert len(server.asked) == 2


def test_failures_of_the_server_are_tried_again_and_then_named() -> None:
    with openai_server(Parrot(), Manners(failures=[(500, {}, "oops"), (503, {}, "busy")])) as server:
        assert hello(client_of(server)).texts == ("Hello!",)
        assert len(server.asked) == 3
        server.manners.failures = [(500, {}, f"oops {KEY}")] * 3
        with pytest.raises(UserError, match="failed with status 500: look into its log") as caught:
            hello(client_of(server, settings=EndpointSettings(retries=1)))
    assert "oops [secret]" in str(caught.value)
    assert KEY not in str(caught.value)


def test_a_slow_reply_is_given_up_and_said_so() -> None:
    with openai_server(Parrot(), Manners(delay=1.5)) as server:
        with pytest.raises(UserError, match=r"took longer than 0\.2 seconds \(the last of 2 tries\)"):
            hello(client_of(server, settings=EndpointSettings(timeout=0.2, retries=1)))
        assert len(server.asked) == 2


def test_a_wrong_key_is_said_so_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SWITCHPOINT_API_KEY", KEY)
    with openai_server(Parrot(), Manners(key="right")) as server, caplog.at_level(logging.DEBUG):
        with pytest.raises(
            UserError, match="does not accept the key: set the right one as SWITCHPOINT_API_KEY"
        ) as caught:
            hello(client_of(server))
        assert len(server.asked) == 1
    assert caught.value.__cause__ is None
    assert KEY not in str(caught.value) + caplog.text + repr(client_of(server))


@pytest.mark.parametrize(
    ("status", "headers", "way_on"),
    [
        (403, {}, "ask for access, or choose another model"),
        (404, {}, "check that the address ends in /v1"),
        (429, {"Retry-After": "3600"}, "too many requests: ask for fewer at once than 8.*It says: no"),
        (429, {"Retry-After": "999", "x-code": "insufficient_quota"}, "no credit left"),
        (307, {"Location": "http://127.0.0.1:9/v1/chat/completions"}, "points to another address"),
        (418, {}, "failed with status 418"),
    ],
)
def test_each_refusal_and_each_wait_of_minutes_says_what_to_do(
    status: int, headers: dict[str, str], way_on: str
) -> None:
    with openai_server(Parrot(), Manners(failures=[(status, headers, "no")])) as server:
        with pytest.raises(UserError, match=way_on):
            hello(client_of(server))
        assert len(server.asked) == 1


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_request_that_is_not_taken_is_told_apart(status: int) -> None:
    once = Manners(failures=[(status, {}, "too long")])
    with (
        openai_server(Parrot(), once) as server,
        pytest.raises(RefusedError, match=r"this request\. It says: too long"),
    ):
        hello(client_of(server))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>hello</html>",
        b'{"choices": [',
        b"[]",
        b"{}",
        b'{"choices": []}',
        b'{"choices": [{}]}',
        b"\xff\xfe",
        b'{"choices": ["B"]}',
        b"[" * 100_000,
    ],
    ids=range(10),
)
def test_what_is_no_chat_completion_is_said_so(body: bytes) -> None:
    said = r"no chat completion \(the last of 2 tries\): check that it is the address"
    with openai_server(Parrot(), Manners(body=body)) as server:
        kept = Kept()
        with pytest.raises(FailedError, match=said):
            hello(client_of(server, kept, EndpointSettings(retries=1)))
        assert len(server.asked) == 2
    assert (dict(kept), kept.lost_tokens) == ({}, [(6, 4)] * 2), "what was asked for may be billed all the same"


def test_where_nothing_answers_it_is_said_so() -> None:
    with openai_server(Parrot()) as server:
        gone = client_of(server, settings=EndpointSettings(retries=0))
    with pytest.raises(UserError, match=r"Nothing answers at http://127\.0\.0\.1:.*: start the server"):
        hello(gone)


def test_a_model_that_is_not_there_is_named() -> None:
    said = r"has no model 'other'.*does not exist"
    with openai_server(Parrot()) as server, pytest.raises(UserError, match=said):
        hello(client_of(server, name=f"other@{server.url}"))


def test_what_is_meant_for_openai_goes_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_ORG_ID", "org-secret")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-secret")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", f"Authorization: Bearer {KEY}\nX-Mine: header-secret")
    with openai_server(Parrot(), Manners(failures=[(500, {}, "again")])) as server:
        hello(client_of(server))
        sent = str([each.headers for each in server.asked])
        assert len(server.asked) == 2
        assert [each.headers["authorization"] for each in server.asked] == ["Bearer none"] * 2
    for secret in (KEY, "org-secret", "project-secret", "header-secret"):
        assert secret not in sent


def test_openai_is_asked_in_its_own_words_with_its_own_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with openai_server(Parrot(), Manners(key=KEY)) as server:
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("SWITCHPOINT_API_KEY", "another")
        assert hello(client_of(server, name="openai:demo-teacher")).texts == ("Hello!",)
        (asked,) = server.asked
    assert "max_completion_tokens" in asked.body
    assert "max_tokens" not in asked.body


def test_a_reply_under_way_when_the_work_ends_is_kept_and_counted() -> None:
    with openai_server(Parrot(), Manners(delay=0.2)) as server:
        kept = Capped()
        with pytest.raises(UserError, match="the cap is reached"):
            client_of(server, kept).run([partial(say, "first"), partial(say, "second")])
        assert len(server.asked) == len(kept) == 1
    assert kept.tokens == (1, 1)


def test_the_first_failure_ends_the_rest() -> None:
    class Stop(Kept):
        def get(self, key: str) -> str | None:  # type: ignore[override]
            if len(self) >= 3:
                raise UserError("enough")
            return None

    with openai_server(Parrot()) as server:
        kept = Stop()
        with pytest.raises(UserError, match="enough"):
            client_of(server, kept, EndpointSettings(at_once=2)).run([partial(say, f"{n}") for n in range(50)])
        assert 3 <= len(kept) <= 4
        assert len(server.asked) <= 5
