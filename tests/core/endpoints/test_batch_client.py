"""A batch is created and found by its token on any page of the endpoint's list; failures are explained."""

import io
from collections.abc import Iterator

import pytest

from core.endpoints.batch_client import BatchClient, BatchGoneError, BatchRefusedError
from core.endpoints.batch_files import batch_line
from core.endpoints.client import connect
from core.errors import UserError
from core.types import EndpointSettings
from tests.projects.unlabelled_support import Quick
from tests.servers.batch_api import BatchRoom
from tests.servers.openai_server import MODEL, KeptWhole, OpenAIServer, endpoint_of, openai_server

QUICK = EndpointSettings(timeout=10.0, retries=2)
REQUEST = {
    "model": MODEL,
    "messages": [{"role": "user", "content": "What\u2028is\x85this?"}],
    "max_tokens": 9,
    "temperature": 0.0,
}


class Nothing(KeptWhole):
    """Stores no replies; batches store theirs elsewhere."""

    def put(self, key: str, reply: str, tokens_in: int, tokens_out: int) -> None:
        raise AssertionError("nothing is asked one by one")


def desk_of(server: OpenAIServer, check_stopped: object = lambda: None) -> BatchClient:
    client = connect(endpoint_of(server.name), QUICK, Nothing())
    return BatchClient(client=client, check_stopped=check_stopped)  # type: ignore[arg-type]


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with openai_server(Quick()) as running:
        running.batches = BatchRoom()
        yield running


@pytest.fixture
def room(server: OpenAIServer) -> BatchRoom:
    assert server.batches is not None
    return server.batches


@pytest.fixture
def desk(server: OpenAIServer) -> BatchClient:
    return desk_of(server)


def test_a_file_comes_back_answered(desk: BatchClient) -> None:
    keys = [f"{number:064x}" for number in range(3)]
    name = desk.upload(io.BytesIO(b"".join(batch_line(key, REQUEST) for key in keys)), "token")
    made = desk.create(name, "token")
    assert (made.state, made.ended) == ("validating", False)
    seen = desk.retrieve(made.remote)
    assert (seen.state, seen.done, len(seen.files)) == ("completed", 3, 1)
    assert [each.key for each in desk.answers(seen)] == keys
    assert all(each.reply and each.tokens_in for each in desk.answers(seen))


def test_a_batch_is_found_by_its_token_whatever_page_it_is_on(desk: BatchClient) -> None:
    name = desk.upload(io.BytesIO(batch_line("0" * 64, REQUEST)), "any")
    made = [desk.create(name, f"token {number}").remote for number in range(7)]
    assert [found.remote for number in range(7) if (found := desk.find(f"token {number}"))] == made
    assert desk.find("token 7") is None


def test_a_batch_or_file_that_is_not_there_is_gone(desk: BatchClient, room: BatchRoom) -> None:
    name = desk.upload(io.BytesIO(batch_line("0" * 64, REQUEST)), "any")
    seen = desk.retrieve(desk.create(name, "token").remote)
    with pytest.raises(BatchGoneError, match="no such batch or file"):
        desk.retrieve("batch_9")
    room.files.clear()
    with pytest.raises(BatchGoneError, match="no such batch or file"):
        list(desk.answers(seen))


def test_who_looks_can_end_the_work_before_each_request(server: OpenAIServer, room: BatchRoom) -> None:
    def no_more() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        desk_of(server, no_more).find("token")
    assert room.headers == []


@pytest.mark.parametrize(
    ("status", "surely_not"),
    [(400, True), (401, True), (403, True), (404, True), (302, True), (500, False), (408, False)],
)
def test_a_batch_is_asked_for_once_and_only_a_clear_no_means_that_there_is_none(
    server: OpenAIServer, room: BatchRoom, desk: BatchClient, status: int, surely_not: bool
) -> None:
    server.manners.failures = [(status, {"Location": "0"} if status == 302 else {}, "no luck")] * 9
    with pytest.raises(UserError) as told:
        desk.create("file-1", "token")
    assert isinstance(told.value, BatchRefusedError) == surely_not
    assert len(room.headers) == 1


def test_looking_is_tried_again_and_so_is_a_batch_where_there_were_too_many_requests(
    server: OpenAIServer, room: BatchRoom, desk: BatchClient
) -> None:
    room.ends = ""
    name = desk.upload(io.BytesIO(batch_line("0" * 64, REQUEST)), "any")
    server.manners.failures = [(429, {"Retry-After": "0"}, "no luck")]
    made = desk.create(name, "token").remote
    assert len(room.headers) == 1 + 2
    server.manners.failures = [(500, {}, "no luck"), (503, {}, "no luck")]
    assert desk.retrieve(made).state == "in_progress"
    assert len(room.headers) == 1 + 2 + 3
    server.manners.failures = [(500, {}, "no luck")] * 9
    with pytest.raises(UserError, match=r"failed with status 500.*It says: no luck"):
        desk.retrieve(made)
    assert len(room.headers) == 1 + 2 + 3 + 1 + QUICK.retries


def test_an_error_with_status_200_in_place_of_a_batch_shows_its_own_words(
    server: OpenAIServer, room: BatchRoom, desk: BatchClient
) -> None:
    server.manners.failures = [(200, {}, "batches are full")]
    with pytest.raises(UserError, match=r"in place of a batch\. It says: batches are full") as told:
        desk.create("file-1", "token")
    assert not isinstance(told.value, BatchRefusedError), "there may be one"
    assert len(room.headers) == 1
