"""An endpoint on a real socket that fails as real servers do, by a seeded plan for each try of each request.

It counts whole answers by request, billed tokens (also of answers that it then cut off or garbled), and how long
clients that were asked to wait did wait. Its answers are derived from a hash of the text.
"""

import hashlib
import json
import random
import select
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from tests.models.demo_teacher import options_in
from tests.servers.openai_server import Handler, Manners, OpenAIServer, listening

STATUSES = {"500": 500, "502": 502, "503": 503}
WAITS = ("429 seconds", "429 date")
SILENT = ("hang", "drip", "cut before", "cut middle")
GARBLED = ("malformed", "html", "empty choices", "no list", "null content", "error in body")
FAULTS = (*STATUSES, *WAITS, *SILENT, *GARBLED)
# Whole answers with something missing; the same at every try.
ODD = ("absent", "text type")
MAX_HANG_SECONDS = 30.0


class ByHash:
    """A model whose answers are derived from the text: the same on each run, on any machine."""

    def first_token(self, messages: list[dict[str, Any]]) -> list[tuple[str, float]]:
        text = messages[-1]["content"]
        draw = drawn("letter", text)
        letters = sorted(((letter, -0.1 - 3 * draw.random()) for letter in options_in(text)), key=lambda one: -one[1])
        return [*letters, *((f"x{place}", -30.0 - place) for place in range(20))]

    def reply(self, messages: list[dict[str, Any]], max_tokens: int, temperature: float, seed: int) -> str:
        text = messages[-1]["content"]
        number = drawn("reply", text).randrange(10**6)
        return f"Step 1: it is {number}. The answer is {number % 10}." if max_tokens < 20 else f"reading {number}"

    def tokens(self, text: str) -> int:
        return len(text) // 4 + 1


@dataclass
class Counted:
    """The server's counts: ``whole`` answers by request, ``faults`` by kind, tokens ``billed``, the most of one request
    (``dearest``), and ``waits`` (seconds asked for, seconds waited)."""

    whole: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    billed: int = 0
    dearest: int = 0
    requests: int = 0
    waits: list[tuple[float, float]] = field(default_factory=list)

    @property
    def twice(self) -> int:
        """How many whole answers went to a request that had one already."""
        return sum(self.whole.values()) - len(self.whole)


class FaultyServer(OpenAIServer):
    """A share ``rate`` of all tries fails with one of ``faults``; a share ``odd`` of requests gets an odd answer."""

    def __init__(self, seed: int, rate: float, faults: Sequence[str] = FAULTS, odd: float = 0.05) -> None:
        super().__init__(ByHash(), Manners())
        self.RequestHandlerClass = FaultyHandler
        self.seed, self.rate, self.faults, self.odd = seed, rate, faults, odd
        self.counted = Counted()
        self.tries: Counter[str] = Counter()
        self.retry_after: dict[str, tuple[float, float]] = {}

    def planned(self, key: str) -> str:
        """The fault of the next try of a request, "" for none."""
        with self.lock:
            self.tries[key] += 1
            draw = drawn(self.seed, key, self.tries[key])
            fault = draw.choice(self.faults) if draw.random() < self.rate else ""
            self.counted.faults[fault] += 1
            self.counted.requests += 1
            if key in self.retry_after:
                named, since = self.retry_after.pop(key)
                self.counted.waits.append((named, time.monotonic() - since))
        return fault

    def oddness(self, key: str) -> str:
        """What is odd about the answer to the request, "" for most."""
        draw = drawn(self.seed, "odd", key)
        return draw.choice(ODD) if draw.random() < self.odd else ""


class FaultyHandler(Handler):
    server: FaultyServer

    def do_POST(self) -> None:  # noqa: N802 - the name that http.server asks for
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        key = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        fault, server = self.server.planned(key), self.server
        if fault in STATUSES:
            said = b"<html>bad gateway</html>" if fault == "502" else b'{"error": {"message": "no"}}'
            self.send(STATUSES[fault], {}, said)
        elif fault in WAITS:
            self._ask_to_wait(key, fault)
        else:
            completion = self._completion(body, server.counted.requests)
            with server.lock:
                tokens = completion["usage"]["total_tokens"]
                server.counted.billed += tokens
                server.counted.dearest = max(server.counted.dearest, tokens)
            if fault in SILENT:
                self._silent(fault, json.dumps(completion).encode())
            elif fault:
                self.send(200, {}, self._garbled(fault, completion))
            else:
                self._whole(key, completion)

    def _whole(self, key: str, completion: dict[str, Any]) -> None:
        odd, (choice,) = self.server.oddness(key), completion["choices"][:1]
        if odd == "absent" and choice["logprobs"]:
            top = choice["logprobs"]["content"][0]["top_logprobs"]
            letters = [each for each in top if len(each["token"]) == 1]
            top.remove(letters[-1])
        self.send(200, {"Content-Type": "text/plain"} if odd == "text type" else {}, json.dumps(completion).encode())
        with self.server.lock:
            self.server.counted.whole[key] += 1

    def _ask_to_wait(self, key: str, fault: str) -> None:
        if fault == "429 seconds":
            named, value = 1.0, "1"
        else:
            at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=2)
            named, value = (at - datetime.now(UTC)).total_seconds(), format_datetime(at, usegmt=True)
        with self.server.lock:
            self.server.retry_after[key] = (named, time.monotonic())
        self.send(429, {"Retry-After": value}, b'{"error": {"message": "slow down"}}')

    def _silent(self, fault: str, content: bytes) -> None:
        self.close_connection = True
        if fault in ("cut before", "hang"):
            if fault == "hang":
                self._until_gone(MAX_HANG_SECONDS)
            return self._cut()
        self.head(200, {}, len(content))
        if fault == "cut middle":
            self.wfile.write(content[: len(content) // 2])
        else:
            with suppress(OSError):  # the client has had enough
                for place in range(len(content)):
                    self.wfile.write(content[place : place + 1])
                    if self._until_gone(0.3):
                        break
        return self._cut()

    def _garbled(self, fault: str, completion: dict[str, Any]) -> bytes:
        if fault == "html":
            return b"<html><body>Welcome!</body></html>"
        if fault == "malformed":
            return json.dumps(completion).encode()[:-7]
        if fault == "error in body":
            return b'{"error": {"message": "Provider returned error: overloaded", "code": 502}}'
        if fault == "null content" and not completion["choices"][0]["logprobs"]:
            completion["choices"][0]["message"]["content"] = None
            return json.dumps(completion).encode()
        if fault == "no list" and completion["choices"][0]["logprobs"]:
            completion["choices"][0]["logprobs"] = None
        else:
            completion["choices"] = []
        return json.dumps(completion).encode()

    def _until_gone(self, seconds: float) -> bool:
        """Wait until the client hangs up, so many seconds at most; whether it did."""
        ready, _, _ = select.select([self.connection], [], [], seconds)
        with suppress(OSError):
            return bool(ready) and not self.connection.recv(1, socket.MSG_PEEK)
        return True

    def _cut(self) -> None:
        with suppress(OSError):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)


def drawn(*what: object) -> random.Random:
    """A random generator seeded by the arguments."""
    return random.Random(":".join(map(str, what)))


@contextmanager
def faulty_server(
    seed: int, rate: float = 0.3, faults: Sequence[str] = FAULTS, odd: float = 0.05
) -> Iterator[FaultyServer]:
    """The server on a free port until the block ends."""
    server = FaultyServer(seed, rate, faults, odd)
    with listening(server):
        yield server
