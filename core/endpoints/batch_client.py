"""Send many chat requests through an endpoint's Batch API: upload a file, and fetch its answers within a day.

Formats are in ``core.endpoints.batch_files``; keys, headers and error messages are those of ``core.endpoints.client``.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import IO, Any

import httpx2
from openai import (
    APIConnectionError,
    APIError,
    APIStatusError,
    DefaultHttpxClient,
    OpenAI,
    RateLimitError,
    RequestOptions,
    Stream,
)

from core.endpoints.batch_files import CHAT_PATH, BatchAnswer, BatchStatus, checked_name, parse_answer_line, parse_batch
from core.endpoints.client import CONNECT_SECONDS, EndpointClient, strip_headers
from core.endpoints.errors import MAX_MESSAGE_CHARS, TRANSIENT_STATUSES, explain
from core.endpoints.replies import IsEnough
from core.endpoints.retries import wait_before_next
from core.endpoints.wire_format.server_errors import find_error
from core.errors import UserError
from core.redaction import redact

MAX_LINE_BYTES = 32_000_000
UPLOAD_SECONDS = 600.0  # the OpenAI client's own default
MAX_BATCHES_SEARCHED = 10_000
NO_BATCH_API_STATUSES = (404, 405, 501)
TOKEN_FIELD = "switchpoint"  # key of the token in a batch's metadata  # nosec B105


class BatchRefusedError(UserError):
    """The endpoint certainly created no batch, so a second request cannot be paid twice."""


class BatchGoneError(UserError):
    """The endpoint has no batch with that id (any more)."""


@dataclass(frozen=True, kw_only=True)
class BatchClient:
    """Where batches of one endpoint are handed in and fetched. ``check_stopped`` is called before each
    request, and ends the work by raising. Every method raises UserError with what to do where the endpoint does not do
    it."""

    client: EndpointClient
    check_stopped: Callable[[], None]

    def upload(self, file: IO[bytes], token: str) -> str:
        """Upload a file of requests and return its id at the endpoint. This starts and costs nothing."""

        def sent(client: OpenAI) -> Any:
            file.seek(0)
            named = (f"{TOKEN_FIELD}-{token}.jsonl", file, "application/jsonl")
            options = RequestOptions(
                headers={"Content-Type": "multipart/form-data"},  # the client adds the boundary
                timeout=max(UPLOAD_SECONDS, self.client.settings.timeout),
            )
            body = {"purpose": "batch"}
            return client.post("/files", body=body, files={"file": named}, options=options, cast_to=httpx2.Response)

        return checked_name(self._request_json(sent).get("id"), self.client.endpoint.url)

    def create(self, file: str, token: str) -> BatchStatus:
        """Create the batch of an uploaded file, to be answered within a day. Sent once: raises BatchRefusedError
        when no batch was created, any other UserError when there may be one, which ``find`` can tell."""

        def made(client: OpenAI) -> Any:
            body = {
                "input_file_id": file,
                "endpoint": CHAT_PATH,
                "completion_window": "24h",
                "metadata": {TOKEN_FIELD: token},
            }
            return client.post("/batches", body=body, cast_to=httpx2.Response)

        return self._status(self._request_json(made, once=True))

    def find(self, token: str) -> BatchStatus | None:
        """The batch with this token among the endpoint's newest; None when there is none."""
        after, looked = "", 0
        while looked < MAX_BATCHES_SEARCHED:
            page = self._request_json(partial(_list_page, after))
            data = page.get("data")
            listed = [each for each in data if isinstance(each, dict)] if isinstance(data, list) else []
            for batch in listed:
                if isinstance(batch.get("metadata"), dict) and batch["metadata"].get(TOKEN_FIELD) == token:
                    return self._status(batch)
            looked += len(listed)
            if not listed or not page.get("has_more"):
                return None
            after = checked_name(listed[-1].get("id"), self.client.endpoint.url)
        return None

    def retrieve(self, remote: str) -> BatchStatus:
        """The current status of a batch. Raises BatchGoneError when the endpoint does not know it."""
        return self._status(
            self._request_json(lambda client: client.get(f"/batches/{remote}", cast_to=httpx2.Response))
        )

    def cancel(self, remote: str) -> BatchStatus:
        """Cancel a batch; requests answered by then are billed and can be fetched."""
        return self._status(
            self._request_json(lambda client: client.post(f"/batches/{remote}/cancel", cast_to=httpx2.Response))
        )

    def answers(self, seen: BatchStatus, is_enough: IsEnough | None = None) -> Iterator[BatchAnswer]:
        """The answers of an ended batch, streamed in any order, without lines that answer no request."""
        for name in seen.files:
            for line in self._iter_lines(name):
                answer = parse_answer_line(line, is_enough)
                if answer is not None:
                    yield answer

    def _iter_lines(self, name: str) -> Iterator[bytes]:
        """The lines of a file, streamed."""
        rest = b""
        with self._client() as client:
            try:
                with client.get(
                    f"/files/{name}/content", cast_to=bytes, stream=True, stream_cls=Stream[bytes]
                ) as found:
                    for part in found.response.iter_bytes(1 << 16):
                        self.check_stopped()
                        *lines, rest = (rest + part).split(b"\n")
                        yield from lines
                        if len(rest) > MAX_LINE_BYTES:
                            raise UserError(f"{self.client.endpoint.url} sent a line without end: look into its log.")
            except APIError as error:
                raise self._explain(error, 1) from None
            except httpx2.HTTPError as error:
                broken = APIConnectionError(request=error.request)
                broken.__cause__ = error
                raise self._explain(broken, 1) from None
        if rest.strip():
            yield rest

    def _request_json(self, ask: Callable[[OpenAI], Any], *, once: bool = False) -> dict[str, Any]:
        """The JSON object that the endpoint answers with; transient errors are retried unless ``once``."""
        settings = self.client.settings
        with self._client() as client:
            for tried in count(1):
                self.check_stopped()
                try:
                    found = json.loads(ask(client).content)
                    if isinstance(found, dict):
                        return self._checked(found)
                    raise ValueError("no object")
                except (ValueError, RecursionError):
                    raise UserError(
                        f"{self.client.endpoint.url} gave no JSON object for a batch: look into its log."
                    ) from None
                except APIError as error:
                    again = tried <= settings.retries and (not once or isinstance(error, RateLimitError))
                    wait = wait_before_next(error, tried) if again else None
                    if wait is None:
                        raise self._explain(error, tried) from None
                self.pause(wait)
        raise AssertionError("counting ended")

    def _checked(self, found: dict[str, Any]) -> dict[str, Any]:
        """An object that is no error. Raises UserError with the server's words for one that came with status 200."""
        error = None if "id" in found or "data" in found else find_error(found)
        if error is None:
            return found
        said = redact(error.text)[:MAX_MESSAGE_CHARS]
        raise UserError(f"{self.client.endpoint.url} answered with an error in place of a batch. It says: {said}")

    def pause(self, seconds: float) -> None:
        """Wait that many seconds, checking whether to stop."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.check_stopped()
            time.sleep(min(left, 0.5))

    def _explain(self, error: APIError, tries: int) -> UserError:
        endpoint = self.client.endpoint
        if not isinstance(error, APIStatusError):
            return explain(error, endpoint, self.client.settings, tries)
        if error.status_code in NO_BATCH_API_STATUSES:
            if error.request.method == "GET" and not error.request.url.path.endswith("/batches"):
                return BatchGoneError(f"{endpoint.url} has no such batch or file any more.")
            return BatchRefusedError(
                f"{endpoint.url} has no Batch API (no /files and /batches): label without batches, one by one."
            )
        explained = explain(error, endpoint, self.client.settings, tries)
        was_refused = error.status_code < 500 and error.status_code not in set(TRANSIENT_STATUSES) - {429}
        return BatchRefusedError(str(explained)) if was_refused else explained

    def _status(self, found: dict[str, Any]) -> BatchStatus:
        return parse_batch(found, self.client.endpoint.url)

    def _client(self) -> OpenAI:
        client = self.client

        def strip(request: httpx2.Request) -> None:
            strip_headers(request, client.key)

        return OpenAI(
            api_key=client.key,
            base_url=client.endpoint.url,
            max_retries=0,
            http_client=DefaultHttpxClient(
                timeout=httpx2.Timeout(client.settings.timeout, connect=CONNECT_SECONDS),
                verify=client.authorities,
                follow_redirects=False,
                event_hooks={"request": [] if client.endpoint.is_openai else [strip]},
            ),
        )


def _list_page(after: str, client: OpenAI) -> Any:
    params = {"limit": 100, **({"after": after} if after else {})}
    return client.get("/batches", options=RequestOptions(params=params), cast_to=httpx2.Response)
