"""Asking a student behind an endpoint, against a loop with the openai client: how much of the limit on requests at the
same time is used, over a server in a process of its own that takes 50 ms for each; and what is answered from the cache.

``python -m tests.bench.endpoint [--samples N]``.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

from tests.bench.children import ROOT
from tests.bench.results import save_results

LATENCY, LIMITS, BAR = 0.05, (1, 8, 32), 0.9


class Parrot:
    """Answers everything with the same rationale."""

    def reply(self, messages: object, max_tokens: int, temperature: float, seed: int) -> str:
        return "Step 1: The left digit is 9.\nStep 2: The right digit is 7.\nThe answer is 16."

    def first_token(self, messages: object) -> list[tuple[str, float]]:
        return [("16", 0.0)]

    def tokens(self, text: str) -> int:
        return len(text.split())


@dataclass
class Kept:
    """Replies in memory, as the database would keep them."""

    replies: dict[str, str] = field(default_factory=dict)

    def get(self, key: str) -> str | None:
        return self.replies.get(key)

    def put(self, key: str, reply: str, tokens_in: int, tokens_out: int) -> None:
        self.replies[key] = reply

    def lost(self, tokens_in: int, tokens_out: int) -> None:
        raise AssertionError("nothing fails here")


def serve() -> None:
    """Print the model's name, then answer until the pipe is closed."""
    from tests.openai_server import Manners, openai_server

    with openai_server(Parrot(), Manners(delay=LATENCY)) as server:
        print(server.name, flush=True)
        sys.stdin.read()


@contextmanager
def served() -> Iterator[str]:
    """The name of a model behind a server in a process of its own."""
    command = [sys.executable, "-c", "from tests.bench.endpoint import serve; serve()"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.stdin.close()


def ours(name: str, samples: int, limit: int, kept: Kept) -> float:
    """Seconds for predictions of so many samples with at most ``limit`` requests at once."""
    from core.endpoint_student import predict_there
    from core.endpoints import endpoint_of
    from core.types import EndpointSettings, Sample, Settings

    endpoint = endpoint_of(name)
    assert endpoint is not None
    asked = [
        Sample(id=n, source_id=f"s{n}", question=f"What is {n} plus 7?", options=("16", "17"), answer="16")
        for n in range(samples)
    ]
    settings = Settings(endpoint=EndpointSettings(at_once=limit))
    started = time.perf_counter()
    batches = predict_there(endpoint, asked, lambda key: (b"", key), settings, kept, round=1)
    answered = sum(each.answer == "16" for batch in batches for each in batch)
    assert answered == samples
    return time.perf_counter() - started


def peer(name: str, samples: int) -> float:
    """Seconds of the loop that a script has: one request after the other."""
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
    """Print the table and whether the bar is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=640)
    given = parser.parse_args()
    table = Table("asked", "requests", "seconds", "requests / s", "share of the limit")
    table.title = f"a server that takes {1000 * LATENCY:.0f} ms for each request"
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
    save_results("endpoint", found)
    for limit in LIMITS:
        share = found[f"ours, {limit} at once"]["share"]
        print(f"share of {limit} at once: {share:.2f} (bar {BAR}): {'met' if share >= BAR else 'MISSED'}")


def figures(seconds: float, requests: int, limit: int) -> dict[str, float]:
    """The rate, and how much it is of what the limit and the server's latency allow."""
    rate = requests / seconds
    return {"seconds": seconds, "requests": requests, "rate": rate, "share": rate * LATENCY / limit}


if __name__ == "__main__":
    main()
