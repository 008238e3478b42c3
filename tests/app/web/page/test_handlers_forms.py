"""The page's forms, uploads and file routes met by a hostile client over HTTP, as ``test_handlers`` does for commands.

What a form's own component refuses never reaches the page: Gradio then answers with an error, and nothing is stored.
"""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from storage.database import FILE_NAME
from tests.app.rpc import DATA, Remote, refused
from tests.app.web.page.test_handlers import HALF, HUGE, LONG, NOT_A_TEXT
from tests.servers.app_server import Served

IMPORT = {
    "what": "validation",
    "source": "/nowhere/x.json",
    "upload": "",
    "images": "",
    "format": "",
    "share": "30",
    "seed": "0",
    "name": "",
    "copy": False,
}
SELECT = [100, 0, "random", False, None]
TUNE = [16, 32, 0.0, 1e-3, 0.0, 0.03, 1.0, 8, 1, 512, 1.0, 50, 2, 0, "adapter"]

pytestmark = pytest.mark.usefixtures("nothing_changes")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("what", each) for each in ("gone", None, ["x"], 5, LONG)),
        *(("name", each) for each in (None, ["x"], LONG, HALF)),
        *(
            ("source", each)
            for each in (None, "", 5, ["x"], LONG, HALF, "\x00", "~nobody/x", "/proc/self/mem", "/dev/zero")
        ),
        *(("images", each) for each in (None, ["x"], LONG, HALF, "~nobody", "/etc")),
        *(("format", each) for each in ("gone", None, 5, "predictions")),
        *(("share", each) for each in (None, "x", -1, 91, "1e1", math.nan, HUGE, [1])),
        *(("seed", each) for each in (None, "x", -1, math.inf, HUGE, {})),
        *(("upload", each) for each in ("/etc/passwd", HALF, LONG, ["x"], 5, "\x00")),
    ],
)
def test_an_import_form_with_anything_wrong_in_it_is_refused(remote: Remote, field: str, value: Any) -> None:
    refused(remote.send("look", DATA, **IMPORT | {field: value}))


@pytest.mark.parametrize("kind", ["look-again", "import-skip", "import", "give-up"])
def test_an_import_that_does_not_wait_is_neither_changed_nor_carried_out(remote: Remote, kind: str) -> None:
    for number in (None, "x", 0, -1, HUGE, [1]):
        refused(remote.send(kind, DATA, **{"import": number, "what": "format", "value": "csv"}))


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        *(("models", {"student": each, "teacher": "t"}) for each in (None, "", 5, LONG, HALF, "a@http://k:s@h/v1")),
        *(("prompt", {"prompt": each, "text": "x"}) for each in (None, "gone", 5, LONG)),
        *(("prompt", {"prompt": "student", "text": each}) for each in (None, "{", "{gone}", "nothing", LONG, HALF)),
        *(("prompt-reset", {"prompt": each}) for each in (None, "gone", ["x"])),
        *(("try", {"who": each}) for each in (None, "gone", 5, LONG)),
        *(("judge", {"sample": each, "fits": "yes"}) for each in (None, "x", 0, HUGE, 10**9)),
        *(("judge", {"sample": 1, "fits": each}) for each in (None, "x", 5, LONG)),
        *(("label", {"support": each}) for each in (*NOT_A_TEXT, "gone", LONG, HALF)),
    ],
)
def test_what_the_data_tab_sends_is_refused_where_anything_is_wrong_in_it(
    remote: Remote, kind: str, sent: dict[str, Any]
) -> None:
    refused(remote.send(kind, DATA, **sent))


def test_an_import_takes_only_files_that_were_uploaded(remote: Remote, served: Served, tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps([{"id": "s", "conversations": []}]))
    for path in (secret, served.data / FILE_NAME, Path("/etc/passwd"), served.data / "uploads" / ".." / FILE_NAME):
        refused(remote.send("look", DATA, **IMPORT | {"upload": str(path)}))
        assert path.resolve().exists()
    assert not list((served.data / "uploads").rglob("secret*"))


def test_the_server_fetches_nothing_for_a_client(remote: Remote) -> None:
    for url in ("http://example.com/x.json", "https://example.com/x.json"):
        refused(remote.send("look", DATA, **IMPORT | {"upload": url}))
        refused(remote.send("look", DATA, **IMPORT | {"source": url}))
    assert remote.http.get("/gradio_api/proxy=https://example.com/x").status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *((0, each) for each in (None, "x", 0, -5, 1e300, HUGE, math.nan, math.inf, [1])),
        *((1, each) for each in (None, "x", -1, 1e300, HUGE, math.nan, math.inf, [1])),
        *((2, each) for each in (None, "gone", ["x"])),
        *((4, each) for each in ("gone", ["x"], 5)),
    ],
)
def test_a_selection_form_with_anything_wrong_in_it_is_refused(remote: Remote, field: int, value: Any) -> None:
    refused(remote.call("select-button", "click", DATA, [*SELECT[:field], value, *SELECT[field + 1 :]]))


@pytest.mark.parametrize("field", range(len(TUNE)))
def test_tuning_settings_out_of_their_range_are_refused(remote: Remote, field: int) -> None:
    for value in (None, "x", -1, 1e300, math.nan, math.inf, HUGE, [1], {}):
        for button in ("start-tuning", "measure-tuning"):
            refused(remote.call(button, "click", DATA, [*TUNE[:field], value, *TUNE[field + 1 :]]))


def test_a_call_with_the_wrong_number_of_inputs_is_refused(remote: Remote) -> None:
    refused(remote.call("start-tuning", "click", DATA, []))
    for value in (["x"], "gone", None, 5):
        refused(remote.call("preset", "input", DATA, [value]))


def test_no_file_of_the_server_is_served_nor_one_that_was_uploaded(remote: Remote, served: Served) -> None:
    content = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    stored = remote.http.post("/desk/upload?name=page.html", content=content).json()
    assert Path(stored).read_bytes() == content
    for path in ("/etc/passwd", served.data / FILE_NAME, served.data / "server.log", Path(__file__), stored):
        for route in ("/gradio_api/file=", "/gradio_api/file/", "/file=", "/file/"):
            assert remote.http.get(f"{route}{path}").status_code == 404
