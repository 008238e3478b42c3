"""A student behind an endpoint against a loop with the openai client: how much of the limit on concurrent requests is
used, with a server in another process that takes 40 to 60 ms; and how much is answered from the cache.

``python -m tests.bench.endpoint [--samples N]``.
"""

import argparse
import asyncio
import json
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

from tests.bench.children import ROOT
from tests.bench.results import Bar, save_results

# Varied, because with a constant latency all replies would arrive together and wait for each other at the client.
LATENCY, SPREAD, LIMITS, BAR = 0.05, 0.2, (1, 8, 32), 0.9


SAID = "Step 1: The left digit is 9.\nStep 2: The right digit is 7.\nThe answer is 16."


@dataclass
class Kept:
    """A cache of replies in memory, in place of the database's."""

    replies: dict[str, str] = field(default_factory=dict)

    def get(self, key: str) -> str | None:
        return self.replies.get(key)

    def put(self, key: str, reply: str, tokens_in: int, tokens_out: int) -> None:
        self.replies[key] = reply

    def count_unanswered(self, tokens_in: int, tokens_out: int) -> None:
        raise AssertionError("nothing fails here")


def serve() -> None:
    """Print the model's name, then answer every chat with the same rationale until stdin is closed."""
    asyncio.run(_serve())


async def _serve() -> None:
    server = await asyncio.start_server(_answer, "127.0.0.1", 0, backlog=128)
    print(f"parrot@http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A minimal HTTP server, so that the client is measured and not the server."""
    message = {"role": "assistant", "content": SAID}
    said = {"id": "1", "object": "chat.completion", "created": 0, "model": "parrot"}
    usage = {"prompt_tokens": 90, "completion_tokens": 25, "total_tokens": 115}
    said |= {"usage": usage, "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    body = json.dumps(said).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            asked = await reader.readuntil(b"\r\n\r\n")
            length = int(re.search(rb"content-length: *(\d+)", asked.lower())[1])  # type: ignore[index]
            await reader.readexactly(length)
            await asyncio.sleep(LATENCY * random.uniform(1 - SPREAD, 1 + SPREAD))
            writer.write(head + body)


@contextmanager
def served() -> Iterator[str]:
    """The name of a model behind a server in another process."""
    command = [sys.executable, "-c", "from tests.bench.endpoint import serve; serve()"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.stdin.close()


def ours(name: str, samples: int, limit: int, kept: Kept) -> float:
    """Seconds for predictions of so many samples with at most ``limit`` concurrent requests."""
    from core.endpoints.addresses import parse_endpoint
    from core.student.endpoint import predict_at_endpoint
    from core.types import EndpointSettings, Sample, Settings

    endpoint = parse_endpoint(name)
    assert endpoint is not None
    asked = [
        Sample(id=n, source_id=f"s{n}", question=f"What is {n} plus 7?", options=("16", "17"), answer="16")
        for n in range(samples)
    ]
    settings = Settings(endpoint=EndpointSettings(at_once=limit))
    started = time.perf_counter()
    batches = predict_at_endpoint(endpoint, asked, lambda key: (b"", key), settings, kept, round_id=1)
    answered = sum(each.answer == "16" for batch in batches for each in batch)
    assert answered == samples
    return time.perf_counter() - started


def peer(name: str, samples: int) -> float:
    """Seconds of a plain loop of one request after the other."""
    from openai import OpenAI

    model, _, url = name.partition("@")
    with OpenAI(api_key="none", base_url=url) as client:
        started = time.perf_counter()
        for number in range(samples):
            asked = [{"role": "user", "content": f"What is {number} plus 7? (A) 16 (B) 17"}]
            reply = client.chat.completions.create(model=model, messages=asked, max_tokens=64, temperature=0)  # type: ignore[arg-type]
            assert "16" in (reply.choices[0].message.content or "")
        return time.perf_counter() - started


def main() -> None:
    """Print the table, and whether the bar is met at each limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1600)
    given = parser.parse_args()
    table = Table("asked", "requests", "seconds", "requests / s", "share of the limit")
    table.title = f"a server that takes {1000 * LATENCY:.0f} ms ± {SPREAD:.0%} for each request"
    found: dict[str, dict[str, float]] = {}
    with served() as name:
        some = given.samples // 8
        found["peer: openai, one by one"] = figures(peer(name, some), some, 1)
        for limit in LIMITS:
            many = given.samples if limit > 1 else some
            kept = Kept()
            found[f"ours, {limit} at once"] = figures(ours(name, many, limit, kept), many, limit)
            again = ours(name, many, limit, kept)
        found["ours, all kept"] = {"seconds": again, "requests": many, "rate": many / again}
    for what, each in found.items():
        share = f"{each['share']:.2f}" if "share" in each else "–"
        table.add_row(what, f"{each['requests']:.0f}", f"{each['seconds']:.2f}", f"{each['rate']:,.0f}", share)
    Console(width=120).print(table)
    of_limit = {limit: found[f"ours, {limit} at once"]["share"] for limit in LIMITS}
    bars = [Bar(what=f"share of {limit} at once", value=share, least=BAR) for limit, share in of_limit.items()]
    save_results("endpoint", found, bars)


def figures(seconds: float, requests: int, limit: int) -> dict[str, float]:
    """The rate, and its share of what the limit and the server's latency allow."""
    rate = requests / seconds
    return {"seconds": seconds, "requests": requests, "rate": rate, "share": rate * LATENCY / limit}


if __name__ == "__main__":
    main()
