"""A small server of OpenAI's chat completions on a real socket, for tests of the clients.

``Manners`` set how it behaves and misbehaves; its answers come from an ``Answers``, such as the real log-probabilities
of ``tests.models.demo_teacher``.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from core.endpoints.addresses import Endpoint, parse_endpoint
from tests.servers.batch_api import BatchRoom, batch_answer, failed

MODEL = "demo-teacher"


class Answers(Protocol):
    """The model behind the server; ``messages`` are the request's."""

    def first_token(self, messages: list[dict[str, Any]]) -> list[tuple[str, float]]:
        """Every possible first token of the reply with its log-probability, most probable first."""

    def reply(self, messages: list[dict[str, Any]], max_tokens: int, temperature: float, seed: int) -> str:
        """A whole reply."""

    def tokens(self, text: str) -> int:
        """How many tokens a text has."""


@dataclass
class Manners:
    """How the server behaves. ``failures`` are answered first, each once: (status, headers, message)."""

    key: str = ""
    top_limit: int = 20
    top_given: int = 20
    logprobs: bool = True
    several: str = "given"  # n > 1: "given", "refused", "refused with 500", "answered with nothing" or "ignored"
    logprobs_status: int = 0  # with which log-probabilities are refused
    thoughts_beside: bool = False  # each reply begins with a thought, in a field of its own
    temperature_fixed: bool = False  # like GPT-5: a temperature other than 1 is refused
    long_name: bool = False  # max_tokens is refused, and max_completion_tokens taken
    logprob_null: bool = False  # the last token listed is impossible
    finish: str = ""  # the finish reason of every reply, where it is not that of its length
    content: str = "text"  # or "parts" (a thought, then the text), "thought" (null beside reasoning_content), "null"
    error_in_body: dict[str, Any] | str | None = None  # sent with status 200 in place of a completion
    delay: float = 0.0
    body: bytes | None = None
    usage: bool = True
    longest: int = 10**9
    failures: list[tuple[int, dict[str, str], str]] = field(default_factory=list)


@dataclass(frozen=True)
class Asked:
    """A request as it was received; ``at`` is the server's monotonic clock."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    at: float


class OpenAIServer(ThreadingHTTPServer):
    """The server, with the requests it received and the most that were open at the same time."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, answers: Answers, manners: Manners) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.manners = answers, manners
        self.asked: list[Asked] = []
        self.batches: BatchRoom | None = None  # a server without the Batch API
        self.lock = threading.Lock()
        self.now = self.most_at_once = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    @property
    def name(self) -> str:
        """The model's name in a project."""
        return f"{MODEL}@{self.url}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that hung up (a timeout, a cancelled job)."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body leave at once, not 40 ms apart
    server: OpenAIServer

    def log_message(self, *_: object) -> None:
        """Log nothing."""

    def do_GET(self) -> None:
        batch_answer(self)

    def do_POST(self) -> None:
        server = self.server
        if not self.path.startswith("/v1/chat/") and (server.batches or self.path == "/v1/files"):
            batch_answer(self)
            return
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with server.lock:
            headers = {name.lower(): value for name, value in self.headers.items()}
            server.asked.append(Asked(self.path, headers, body, time.monotonic()))
            number = len(server.asked)
            server.now += 1
            server.most_at_once = max(server.most_at_once, server.now)
            failure = server.manners.failures.pop(0) if server.manners.failures else None
        try:
            time.sleep(server.manners.delay)
            status, headers, content = failed(*failure) if failure else self.answer(body, number)
        finally:
            with server.lock:
                server.now -= 1
        self.send(status, headers, content)

    def send(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.head(status, headers, len(content))
        self.wfile.write(content)

    def head(self, status: int, headers: dict[str, str], length: int) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(length), **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def answer(self, body: dict[str, Any], number: int) -> tuple[int, dict[str, str], bytes]:
        manners = self.server.manners
        sent = self.headers.get("Authorization", "")
        if manners.key and sent != f"Bearer {manners.key}":
            return failed(401, {}, f"Incorrect API key provided: {sent.removeprefix('Bearer ')}")
        if self.path != "/v1/chat/completions" and self.server.batches is None:
            return failed(404, {}, f"no {self.path} here")
        if body["model"] != MODEL:
            return failed(404, {}, f"The model {body['model']} does not exist")
        if body.get("top_logprobs", 0) > manners.top_limit:
            return failed(400, {}, f"top_logprobs must be at most {manners.top_limit}")
        if body.get("n", 1) > 1 and manners.several == "refused":
            return failed(400, {}, "only n = 1 is supported")
        if body.get("n", 1) > 1 and manners.several == "refused with 500":
            return failed(500, {}, "Only one completion choice is allowed")
        if body.get("n", 1) > 1 and manners.several == "answered with nothing":
            return 200, {}, b'{"choices": []}'
        if manners.logprobs_status and body.get("logprobs"):
            return failed(manners.logprobs_status, {}, "no endpoint takes the requested parameters")
        if manners.temperature_fixed and body.get("temperature", 1) != 1:
            return failed(400, {}, "Unsupported value: 'temperature' does not support 0.0 with this model.")
        if manners.long_name and "max_tokens" in body:
            return failed(400, {}, "Unsupported parameter: use 'max_completion_tokens' instead of 'max_tokens'.")
        if manners.error_in_body is not None:
            return 200, {}, json.dumps({"error": manners.error_in_body}).encode()
        if sum(self.server.answers.tokens(text) for text in texts_of(body["messages"])) > manners.longest:
            return failed(400, {}, f"This model's maximum context length is {manners.longest} tokens")
        content = manners.body if manners.body is not None else json.dumps(self._completion(body, number)).encode()
        return 200, {}, content

    def _completion(self, body: dict[str, Any], number: int) -> dict[str, Any]:
        manners, answers, messages = self.server.manners, self.server.answers, body["messages"]
        most = body.get("max_tokens") or body["max_completion_tokens"]
        listed = None
        if manners.logprobs and body.get("logprobs"):
            first = answers.first_token(messages)[: min(body["top_logprobs"], manners.top_given)]
            top = [{"token": token, "logprob": value, "bytes": list(token.encode())} for token, value in first]
            if manners.logprob_null:
                top[-1]["logprob"] = None
            listed = {"content": [{**top[0], "top_logprobs": top}]}
        count = 1 if manners.several == "ignored" else body.get("n", 1)
        texts = [
            answers.reply(messages, most, body.get("temperature", 1.0), 1000 * number + seed) for seed in range(count)
        ]
        completion: dict[str, Any] = {
            "id": f"chatcmpl-{number}",
            "object": "chat.completion",
            "model": MODEL,
            "choices": [
                {
                    "index": place,
                    "message": {
                        "role": "assistant",
                        **content_of(text, manners.content, most, manners.thoughts_beside),
                    },
                    "finish_reason": manners.finish or ("length" if answers.tokens(text) >= most else "stop"),
                    "logprobs": listed,
                }
                for place, text in enumerate(texts)
            ],
        }
        if manners.usage:
            sent, said = (sum(map(answers.tokens, each)) for each in (texts_of(messages), texts))
            completion["usage"] = {"prompt_tokens": sent, "completion_tokens": said, "total_tokens": sent + said}
        return completion


def content_of(text: str, kind: str, most: int, thoughts_beside: bool) -> dict[str, Any]:
    """The fields of a message that carry its text, in the ways of different servers."""
    if thoughts_beside:
        return {"content": text if most > 1 else None, "reasoning_content": "Okay, is it C?"}
    if kind == "parts":
        thought = {"type": "thinking", "thinking": [{"type": "text", "text": "Maybe A. The answer is A."}]}
        return {"content": [thought, {"type": "text", "text": text}]}
    if kind == "thought":
        return {"content": None, "reasoning_content": "Is it A? Or B?"}
    return {"content": None if kind == "null" else text}


def texts_of(messages: list[dict[str, Any]]) -> list[str]:
    """The text parts of the messages."""
    return [
        part
        for message in messages
        for part in (
            [message["content"]]
            if isinstance(message["content"], str)
            else [each["text"] for each in message["content"] if each["type"] == "text"]
        )
    ]


def endpoint_of(name: str) -> Endpoint:
    """Where the model of that name is asked."""
    found = parse_endpoint(name)
    assert found is not None
    return found


class Kept(dict[str, str]):
    """A client's replies in memory, their tokens, and those of requests whose answers never came whole."""

    tokens: tuple[int, int] = (0, 0)

    def __init__(self) -> None:
        super().__init__()
        self.lost_tokens: list[tuple[int, int]] = []

    def put(self, key: str, reply: str, tokens_in: int, tokens_out: int) -> None:
        self[key] = reply
        self.tokens = (self.tokens[0] + tokens_in, self.tokens[1] + tokens_out)

    def count_unanswered(self, tokens_in: int, tokens_out: int) -> None:
        self.lost_tokens.append((tokens_in, tokens_out))


class KeptWhole(Kept):
    """The same where every answer must come whole."""

    def count_unanswered(self, tokens_in: int, tokens_out: int) -> None:
        raise AssertionError("every answer comes whole here")


@contextmanager
def listening(server: ThreadingHTTPServer) -> Iterator[None]:
    """The server answers, in a thread, until the block ends."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def openai_server(answers: Answers, manners: Manners | None = None) -> Iterator[OpenAIServer]:
    """The server on a free port until the block ends."""
    server = OpenAIServer(answers, manners or Manners())
    with listening(server):
        yield server
