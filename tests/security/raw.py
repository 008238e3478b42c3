"""Sends HTTP requests byte by byte, because HTTP clients would repair the malformed ones."""

import socket
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer; header names in lower case, values of the same name joined by a newline."""

    status: int
    headers: dict[str, str]
    body: bytes


def ask(url: str, method: str, target: str, headers: dict[str, str | None] | None = None, body: bytes = b"") -> Answer:
    """Send ``METHOD target`` with exactly these headers (Host is the server's unless given; None omits a header)."""
    at = urlsplit(url)
    sent: dict[str, str | None] = {"Host": at.netloc, "Connection": "close"} | (headers or {})
    if body or method == "POST":
        sent |= {"Content-Length": str(len(body))}
    lines = [
        f"{method} {target} HTTP/1.1",
        *(f"{name}: {value}" for name, value in sent.items() if value is not None),
        "",
        "",
    ]
    with socket.create_connection((at.hostname, at.port), timeout=60) as connection:
        connection.sendall("\r\n".join(lines).encode("latin-1") + body)
        return _read(connection)


def _read(connection: socket.socket) -> Answer:
    received = b""
    while b"\r\n\r\n" not in received and (chunk := connection.recv(65536)):
        received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        kept = headers.get(name.lower())
        headers[name.lower()] = value.strip() if kept is None else f"{kept}\n{value.strip()}"
    # An event stream never ends: the first part is enough.
    while "text/event-stream" not in headers.get("content-type", "") and (chunk := connection.recv(65536)):
        body += chunk
    return Answer(status=int(first.split()[1]) if first else 0, headers=headers, body=body)
