"""The route for uploading a file: streamed into a folder of its own, which goes if the whole file does not arrive."""

import secrets
import shutil
from pathlib import Path

import fastapi
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from starlette.requests import ClientDisconnect

from app.imports.uploads import uploads_folder
from core.errors import UserError
from storage.database import Database
from storage.errors import folder_error

MAX_BYTES = 16 * 2**30
BLOCK_BYTES = 2**20
MAX_NAME_BYTES = 200
# What an upload leaves free, for verdicts and the jobs that run beside it.
SPARE_BYTES = 64 * 2**20


def add_upload_routes(api: fastapi.FastAPI, db: Database) -> None:
    """Add the route. The body is the file itself; the query gives its ``name``."""

    @api.post("/desk/upload")
    async def upload(request: fastapi.Request) -> Response:
        """Store the file; returns its path as JSON, or a sentence: 411, 413 or 507 before anything was sent."""
        name, given = request.query_params.get("name", ""), request.headers.get("content-length", "")
        if not given.isascii() or not given.isdigit():
            return PlainTextResponse("An upload says how many bytes it has (Content-Length).", 411)
        if int(given) > MAX_BYTES:
            return PlainTextResponse(f"{name[:200]} is larger than {MAX_BYTES // 2**30} GB: split it.", 413)
        folder = uploads_folder(db) / secrets.token_hex(16)
        try:
            check_room(folder.parent, name, int(given))
            return JSONResponse(str(await store_upload(request, folder / safe_name(name), int(given))))
        except UserError as error:
            return PlainTextResponse(str(error), 507)


def check_room(folder: Path, name: str, size: int) -> None:
    """Raise UserError where a file of that size does not fit into ``folder``, which is created."""
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if size + SPARE_BYTES > free:
        raise UserError(
            f"{name[:200]} needs {_size(size)}, and the disk of {folder} has {_size(free)} free, of which "
            f"{_size(SPARE_BYTES)} are kept for verdicts and jobs: free some room, or give the path of the file on "
            "this machine."
        )


async def store_upload(request: fastapi.Request, target: Path, size: int) -> Path:
    """Write the body of the request to ``target``, whose folder is removed unless all ``size`` bytes arrive.

    Raises UserError where they do not, or the disk fails.
    """
    target.parent.mkdir()
    try:
        with target.open("xb", buffering=BLOCK_BYTES) as file:
            async for chunk in request.stream():
                await run_in_threadpool(file.write, chunk)
            written = file.tell()
        if written != size:
            raise UserError(f"Of {target.name} {written:,} of {size:,} bytes arrived: upload it again.")
    except BaseException as error:  # also where the client or the server ends
        shutil.rmtree(target.parent, ignore_errors=True)
        if isinstance(error, ClientDisconnect):
            raise UserError(f"The upload of {target.name} broke off: upload it again.") from error
        if fault := folder_error(error, target.parent):
            raise UserError(f"{target.name} was not stored. {fault}") from error
        raise
    return target


def safe_name(name: str) -> str:
    """A name for the stored file: the last part of ``name``, without control characters and not too long."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(each for each in last if each.isprintable()).encode("utf-8", "replace")
    short = kept if len(kept) <= MAX_NAME_BYTES else kept[-MAX_NAME_BYTES:]
    return short.decode("utf-8", "ignore").lstrip(".") or "file"


def _size(count: int) -> str:
    return f"{count / 2**30:.2f} GiB" if count >= 2**28 else f"{count / 2**20:.1f} MiB"
