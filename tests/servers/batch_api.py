"""OpenAI's Batch API of the test server: batches are answered like single requests.

A test can make the server stand still at a chosen point of the protocol.
"""

import email
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.servers.openai_server import Handler

TIMEOUT_SECONDS = 60.0
PAGE_SIZE = 2  # batches, so that clients have to read more than one page


@dataclass
class BatchRoom:
    """Files and batches. ``ends`` is the state in which a batch ends, "" while it is in progress; ``outcome`` may
    replace a request's answer by an error: (status, code, message). The server stands still at ``stop_at`` until ``go``
    is set: before ("upload", "create") or after ("uploaded", "created") an operation, or within the "output"."""

    ends: str = "completed"
    outcome: Callable[[dict[str, Any]], tuple[int, str, str] | None] = lambda _: None
    errors: list[dict[str, str]] = field(default_factory=list)
    stop_at: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    made: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    reached: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)

    def stand_still(self, at: str) -> None:
        if self.stop_at == at:
            self.stop_at = ""
            self.reached.set()
            assert self.go.wait(TIMEOUT_SECONDS), "nobody let the server go on"

    def requests(self) -> list[dict[str, Any]]:
        """Every request of every batch that was created: what is paid for."""
        return [json.loads(line) for each in self.made for line in self.files[each["input_file_id"]].splitlines()]


def batch_answer(handler: "Handler") -> None:
    """Answer a request for files or batches."""
    server, room = handler.server, handler.server.batches
    length = int(handler.headers.get("Content-Length") or 0)
    sent = handler.rfile.read(length)
    if room is None:
        return handler.send(*failed(404, {}, "no such path"))
    with server.lock:
        room.headers.append({name.lower(): value for name, value in handler.headers.items()})
        failure = server.manners.failures.pop(0) if server.manners.failures else None
    if failure:
        return handler.send(*failed(*failure))
    if server.manners.key and handler.headers.get("Authorization") != f"Bearer {server.manners.key}":
        return handler.send(*failed(401, {}, "Incorrect API key provided"))
    path, _, query = handler.path.removeprefix("/v1/").partition("?")
    parts = path.split("/")
    if parts == ["files"]:
        return _json(handler, _upload(handler, room, sent))
    if parts[0] == "files" and parts[1] in room.files:
        return _content(handler, room, room.files[parts[1]])
    if parts == ["batches"] and handler.command == "POST":
        return _json(handler, _create(room, json.loads(sent)))
    if parts == ["batches"]:
        return _json(handler, _page(room, query))
    found = next((each for each in room.made if each["id"] == parts[1]), None)
    if found is None:
        return handler.send(*failed(404, {}, "No such batch"))
    if parts[2:] == ["cancel"]:
        found["ends"] = "cancelled"
        found["status"] = "cancelling"
        return _json(handler, _shown(found))
    return _json(handler, _shown(_worked(handler, room, found)))


def failed(status: int, headers: dict[str, str], message: str) -> tuple[int, dict[str, str], bytes]:
    """An error response as OpenAI sends it."""
    error = {"message": message, "type": "error", "param": None, "code": headers.get("x-code")}
    return status, headers, json.dumps({"error": error}).encode()


def _json(handler: "Handler", found: dict[str, Any]) -> None:
    handler.send(200, {}, json.dumps(found).encode())


def _upload(handler: "Handler", room: BatchRoom, sent: bytes) -> dict[str, Any]:
    room.stand_still("upload")
    head = f"Content-Type: {handler.headers['Content-Type']}\r\n\r\n".encode()
    whole = email.message_from_bytes(head + sent).walk()
    parts = {str(part.get_param("name", header="content-disposition")): part for part in whole}
    assert parts["purpose"].get_payload(decode=True) == b"batch"
    name = f"file-{len(room.files)}"
    content = parts["file"].get_payload(decode=True)
    assert isinstance(content, bytes)
    room.files[name] = content
    room.stand_still("uploaded")
    return {"id": name, "object": "file", "bytes": len(content), "purpose": "batch"}


def _create(room: BatchRoom, body: dict[str, Any]) -> dict[str, Any]:
    room.stand_still("create")
    assert (body["endpoint"], body["completion_window"]) == ("/v1/chat/completions", "24h")
    lines = room.files[body["input_file_id"]].splitlines()
    made = {
        "id": f"batch_{len(room.made)}",
        "object": "batch",
        "status": "validating",
        "created_at": int(time.time()),
        "metadata": body["metadata"],
        "input_file_id": body["input_file_id"],
        "ends": room.ends,
        "request_counts": {"total": len(lines), "completed": 0, "failed": 0},
    }
    room.made.append(made)
    room.stand_still("created")
    return _shown(made)


def _page(room: BatchRoom, query: str) -> dict[str, Any]:
    newest = room.made[::-1]
    after = query.partition("after=")[2].partition("&")[0]
    start = next((at + 1 for at, each in enumerate(newest) if each["id"] == after), 0)
    listed = newest[start : start + PAGE_SIZE]
    has_more = start + PAGE_SIZE < len(newest)
    return {"object": "list", "data": [_shown(each) for each in listed], "has_more": has_more}


def _worked(handler: "Handler", room: BatchRoom, batch: dict[str, Any]) -> dict[str, Any]:
    """The batch, answered once its end is set."""
    batch["ends"] = batch["ends"] or room.ends
    if batch["status"] in ("completed", "failed", "expired", "cancelled"):
        return batch
    if not batch["ends"]:
        batch["status"] = "in_progress"
        return batch
    batch["status"] = batch["ends"]
    if batch["ends"] == "failed":
        batch["errors"] = {"object": "list", "data": room.errors}
        return batch
    good, bad = [], []
    for number, line in enumerate(room.files[batch["input_file_id"]].splitlines()):
        asked = json.loads(line)
        lost = room.outcome(asked["body"])
        answered = {"id": f"r{number}", "custom_id": asked["custom_id"], "response": None, "error": None}
        if lost is None:
            status, _, content = handler.answer(asked["body"], number)
            answered["response"] = {"status_code": status, "body": json.loads(content)}
            good.append(answered)
        elif lost[0]:
            error = {"message": lost[2], "code": lost[1]}
            bad.append(answered | {"response": {"status_code": lost[0], "body": {"error": error}}})
        else:
            bad.append(answered | {"error": {"code": lost[1], "message": lost[2]}})
    for name, lines in (("output_file_id", good), ("error_file_id", bad)):
        if lines:
            batch[name] = f"{name}-{batch['id']}"
            room.files[batch[name]] = b"".join(json.dumps(each).encode() + b"\n" for each in lines)
    batch["request_counts"] |= {"completed": len(good), "failed": len(bad)}
    return batch


def _shown(batch: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in batch.items() if name != "ends"}


def _content(handler: "Handler", room: BatchRoom, content: bytes) -> None:
    """Send the first part, where the server may stand still, then the rest."""
    handler.head(200, {"Content-Type": "application/octet-stream"}, len(content))
    half = len(content) * 3 // 4
    handler.wfile.write(content[:half])
    handler.wfile.flush()
    room.stand_still("output")
    handler.wfile.write(content[half:])
