"""Many chat requests at once through an endpoint's Batch API: a file goes up, its answers come back within a day.

Hands files in and fetches them (what they hold: ``core.endpoints.batch_files``), with the keys, headers and sentences
of ``core.endpoints.client``. Knows neither what is asked nor where a batch is written down.
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

from core.endpoints.batch_files import PATH, BatchAnswer, SeenBatch, name_in, read_answer, seen_batch
from core.endpoints.client import CONNECT_SECONDS, Asker, strip_headers
from core.endpoints.errors import PASSING, explained
from core.endpoints.retries import wait_before_next
from core.errors import UserError

LONGEST_LINE = 32_000_000
UPLOAD_SECONDS = 600.0  # what the client itself allows
LISTED = 10_000  # so many batches of an endpoint are looked through for one of ours
NO_API = (404, 405, 501)
TOKEN = "switchpoint"  # the name in its metadata that a batch carries its token under  # nosec B105


class NotTakenError(UserError):
    """The endpoint surely made no batch: asked for again, none is paid twice."""


class GoneError(UserError):
    """The endpoint knows no batch of that name (any more)."""


@dataclass(frozen=True, kw_only=True)
class BatchDesk:
    """Where batches of one endpoint are handed in and fetched. ``check_stopped`` is called before each
    request, and ends the work by raising. Every method raises UserError with what to do where the endpoint does not do
    it."""

    asker: Asker
    check_stopped: Callable[[], None]

    def upload(self, file: IO[bytes], token: str) -> str:
        """Send a file of requests; its name at the endpoint. Nothing is asked or paid by that."""

        def sent(client: OpenAI) -> Any:
            file.seek(0)
            named = (f"{TOKEN}-{token}.jsonl", file, "application/jsonl")
            options = RequestOptions(
                headers={"Content-Type": "multipart/form-data"},  # to which the client adds where the parts begin
                timeout=max(UPLOAD_SECONDS, self.asker.settings.timeout),
            )
            body = {"purpose": "batch"}
            return client.post("/files", body=body, files={"file": named}, options=options, cast_to=httpx2.Response)

        return name_in(self._asked(sent).get("id"), self.asker.endpoint.url)

    def create(self, file: str, token: str) -> SeenBatch:
        """Have a file answered within a day. Asked once: raises NotTakenError where there is surely no batch, any other
        UserError where there may be one, which ``find`` will tell."""

        def made(client: OpenAI) -> Any:
            body = {
                "input_file_id": file,
                "endpoint": PATH,
                "completion_window": "24h",
                "metadata": {TOKEN: token},
            }
            return client.post("/batches", body=body, cast_to=httpx2.Response)

        return self._seen(self._asked(made, once=True))

    def find(self, token: str) -> SeenBatch | None:
        """The batch that carries the token, looked for among the endpoint's newest; None: there is none."""
        after, looked = "", 0
        while looked < LISTED:
            page = self._asked(partial(_listed, after))
            data = page.get("data")
            listed = [each for each in data if isinstance(each, dict)] if isinstance(data, list) else []
            for each in listed:
                if isinstance(each.get("metadata"), dict) and each["metadata"].get(TOKEN) == token:
                    return self._seen(each)
            looked += len(listed)
            if not listed or not page.get("has_more"):
                return None
            after = name_in(listed[-1].get("id"), self.asker.endpoint.url)
        return None

    def see(self, remote: str) -> SeenBatch:
        """A batch as it is now. Raises GoneError where the endpoint has none of that name."""
        return self._seen(self._asked(lambda client: client.get(f"/batches/{remote}", cast_to=httpx2.Response)))

    def cancel(self, remote: str) -> SeenBatch:
        """Ask for a batch to stop; what is answered until then is paid, and can be fetched."""
        return self._seen(self._asked(lambda client: client.post(f"/batches/{remote}/cancel", cast_to=httpx2.Response)))

    def answers(self, seen: SeenBatch) -> Iterator[BatchAnswer]:
        """The answers of a batch that ended, read as they come, in any order; without lines that answer nothing."""
        for name in seen.files:
            for line in self._lines(name):
                answer = read_answer(line)
                if answer is not None:
                    yield answer

    def _lines(self, name: str) -> Iterator[bytes]:
        """The lines of a file, which is not held as a whole."""
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
                        if len(rest) > LONGEST_LINE:
                            raise UserError(f"{self.asker.endpoint.url} sent a line without end: look into its log.")
            except APIError as error:
                raise self._told(error, 1) from None
            except httpx2.HTTPError as error:
                broken = APIConnectionError(request=error.request)
                broken.__cause__ = error
                raise self._told(broken, 1) from None
        if rest.strip():
            yield rest

    def _asked(self, ask: Callable[[OpenAI], Any], *, once: bool = False) -> dict[str, Any]:
        """The JSON object that the endpoint answers with; what failed for now is tried again, unless ``once``."""
        settings = self.asker.settings
        with self._client() as client:
            for tried in count(1):
                self.check_stopped()
                try:
                    found = json.loads(ask(client).content)
                    if isinstance(found, dict):
                        return found
                    raise ValueError("no object")
                except (ValueError, RecursionError):
                    raise UserError(
                        f"{self.asker.endpoint.url} gave no JSON object for a batch: look into its log."
                    ) from None
                except APIError as error:
                    again = tried <= settings.retries and (not once or isinstance(error, RateLimitError))
                    wait = wait_before_next(error, tried) if again else None
                    if wait is None:
                        raise self._told(error, tried) from None
                self.pause(wait)
        raise AssertionError("counting ended")

    def pause(self, seconds: float) -> None:
        """Wait that long, looking in between."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.check_stopped()
            time.sleep(min(left, 0.5))

    def _told(self, error: APIError, tries: int) -> UserError:
        endpoint = self.asker.endpoint
        if not isinstance(error, APIStatusError):
            return explained(error, endpoint, self.asker.settings, tries)
        if error.status_code in NO_API:
            if error.request.method == "GET" and not error.request.url.path.endswith("/batches"):
                return GoneError(f"{endpoint.url} has no such batch or file any more.")
            return NotTakenError(
                f"{endpoint.url} has no Batch API (no /files and /batches): label without batches, one by one."
            )
        told = explained(error, endpoint, self.asker.settings, tries)
        surely_not = error.status_code < 500 and error.status_code not in set(PASSING) - {429}
        return NotTakenError(str(told)) if surely_not else told

    def _seen(self, found: dict[str, Any]) -> SeenBatch:
        return seen_batch(found, self.asker.endpoint.url)

    def _client(self) -> OpenAI:
        asker = self.asker

        def strip(request: httpx2.Request) -> None:
            strip_headers(request, asker.key)

        return OpenAI(
            api_key=asker.key,
            base_url=asker.endpoint.url,
            max_retries=0,
            http_client=DefaultHttpxClient(
                timeout=httpx2.Timeout(asker.settings.timeout, connect=CONNECT_SECONDS),
                verify=asker.authorities,
                follow_redirects=False,
                event_hooks={"request": [] if asker.endpoint.is_openai else [strip]},
            ),
        )


def _listed(after: str, client: OpenAI) -> Any:
    params = {"limit": 100, **({"after": after} if after else {})}
    return client.get("/batches", options=RequestOptions(params=params), cast_to=httpx2.Response)
