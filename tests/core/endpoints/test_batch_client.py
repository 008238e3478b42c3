"""A batch is created and found by its token on any page of the endpoint's list; failures are explained."""

import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from core.endpoints.addresses import parse_endpoint
from core.endpoints.batch_client import BatchClient, BatchGoneError, BatchRefusedError
from core.endpoints.batch_files import batch_line
from core.endpoints.client import connect
from core.errors import UserError
from core.types import EndpointSettings
from tests.projects.unlabelled_support import Quick
from tests.servers.batch_api import BatchRoom
from tests.servers.openai_server import MODEL, OpenAIServer, listening, openai_server

QUICK = EndpointSettings(timeout=10.0, retries=2)
REQUEST = {
    "model": MODEL,
    "messages": [{"role": "user", "content": "What\u2028is\x85this?"}],
    "max_tokens": 9,
    "temperature": 0.0,
}


class Nothing:
    """Stores no replies; batches store theirs elsewhere."""

    def get(self, key: str) -> str | None:
        return None

    def put(self, key: str, reply: str, tokens_in: int, tokens_out: int) -> None:
        raise AssertionError("nothing is asked one by one")

    def count_unanswered(self, tokens_in: int, tokens_out: int) -> None:
        raise AssertionError("nothing is asked one by one")


def desk_at(url: str, check_stopped: object = lambda: None) -> BatchClient:
    endpoint = parse_endpoint(f"{MODEL}@{url}")
    assert endpoint is not None
    return BatchClient(client=connect(endpoint, QUICK, Nothing()), check_stopped=check_stopped)  # type: ignore[arg-type]


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with openai_server(Quick()) as running:
        running.batches = BatchRoom()
        yield running


def test_a_file_comes_back_answered(server: OpenAIServer) -> None:
    desk = desk_at(server.url)
    keys = [f"{number:064x}" for number in range(3)]
    name = desk.upload(io.BytesIO(b"".join(batch_line(key, REQUEST) for key in keys)), "token")
    made = desk.create(name, "token")
    assert (made.state, made.ended) == ("validating", False)
    seen = desk.retrieve(made.remote)
    assert (seen.state, seen.done, len(seen.files)) == ("completed", 3, 1)
    assert [each.key for each in desk.answers(seen)] == keys
    assert all(each.reply and each.tokens_in for each in desk.answers(seen))


def test_a_batch_is_found_by_its_token_whatever_page_it_is_on(server: OpenAIServer) -> None:
    desk = desk_at(server.url)
    name = desk.upload(io.BytesIO(batch_line("0" * 64, REQUEST)), "any")
    made = [desk.create(name, f"token {number}").remote for number in range(7)]
    assert [found.remote for number in range(7) if (found := desk.find(f"token {number}"))] == made
    assert desk.find("token 7") is None


def test_a_batch_or_file_that_is_not_there_is_gone(server: OpenAIServer) -> None:
    desk = desk_at(server.url)
    name = desk.upload(io.BytesIO(batch_line("0" * 64, REQUEST)), "any")
    seen = desk.retrieve(desk.create(name, "token").remote)
    with pytest.raises(BatchGoneError, match="no such batch or file"):
        desk.retrieve("batch_9")
    assert server.batches is not None
    server.batches.files.clear()
    with pytest.raises(BatchGoneError, match="no such batch or file"):
        list(desk.answers(seen))


def test_who_looks_can_end_the_work_before_each_request(server: OpenAIServer) -> None:
    def no_more() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        desk_at(server.url, no_more).find("token")
    assert server.batches is not None
    assert server.batches.headers == []


class Failing(ThreadingHTTPServer):
    """Answers with one status after the other, repeating the last."""

    daemon_threads = True

    def __init__(self, *statuses: int) -> None:
        super().__init__(("127.0.0.1", 0), FailingHandler)
        self.statuses, self.asked, self.lock = list(statuses), 0, threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class FailingHandler(BaseHTTPRequestHandler):
    server: Failing

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def do_POST(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.server.lock:
            self.server.asked += 1
            status = self.server.statuses.pop(0) if len(self.server.statuses) > 1 else self.server.statuses[0]
        body = b'{"id": "batch_1", "status": "in_progress"}' if status == 200 else b'{"error": {"message": "no luck"}}'
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if status in (302, 429):
            self.send_header("Location" if status == 302 else "Retry-After", "0")
        self.end_headers()
        self.wfile.write(body)


@pytest.mark.parametrize(
    ("status", "surely_not"),
    [(400, True), (401, True), (403, True), (404, True), (302, True), (500, False), (408, False)],
)
def test_a_batch_is_asked_for_once_and_only_a_clear_no_means_that_there_is_none(status: int, surely_not: bool) -> None:
    server = Failing(status)
    with listening(server):
        with pytest.raises(UserError) as told:
            desk_at(server.url).create("file-1", "token")
        assert isinstance(told.value, BatchRefusedError) == surely_not
        assert server.asked == 1


def test_looking_is_tried_again_and_so_is_a_batch_where_there_were_too_many_requests() -> None:
    server = Failing(500, 503, 200)
    with listening(server):
        assert desk_at(server.url).retrieve("batch_1").state == "in_progress"
    assert server.asked == 3
    server = Failing(429, 200)
    with listening(server):
        assert desk_at(server.url).create("file-1", "token").remote == "batch_1"
    assert server.asked == 2
    server = Failing(500)
    with listening(server), pytest.raises(UserError, match=r"failed with status 500.*It says: no luck"):
        desk_at(server.url).retrieve("batch_1")
    assert server.asked == 1 + QUICK.retries
