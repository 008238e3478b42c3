"""The web server as a process of its own: what a browser may do, what is served, and no model library.

Who may ask: ``tests/security/test_host_and_origin.py``.
"""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.security.request_checks import allowed_hosts
from tests.servers.app_server import Served, serving

ROOT = Path(__file__).resolve().parent.parent.parent.parent


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served") / "data") as running:
        yield running


def test_the_page_answers_under_a_strict_policy(served: Served) -> None:
    answer = httpx.get(served.url)
    assert answer.status_code == 200
    assert "Switchpoint" in answer.text
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]


def test_plotly_comes_compressed_and_scripts_by_name_only(served: Served) -> None:
    plotly = httpx.get(f"{served.url}/own/plotly.min.js")
    assert plotly.headers["content-encoding"] == "gzip"
    assert len(plotly.content) > 1_000_000
    assert httpx.get(f"{served.url}/own/keys.js").status_code == 200
    assert httpx.get(f"{served.url}/own/..%2f..%2fpyproject.toml").status_code == 404


def test_an_unknown_image_is_not_found(served: Served) -> None:
    assert httpx.get(f"{served.url}/image/{'0' * 64}").status_code == 404


def test_the_page_process_loads_no_model_library() -> None:
    code = "import sys, app.web.server; print([m for m in ('torch', 'transformers', 'peft') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


def test_a_port_that_is_taken_is_said_in_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "app", "--data", str(tmp_path / "data"), "serve", "--port", str(port)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False)
    assert done.returncode == 1
    assert f"Port {port} of 127.0.0.1 cannot be listened on (Address already in use" in done.stderr
    assert "is open at" not in done.stdout


def test_a_server_on_a_named_host_answers_under_that_name() -> None:
    assert "box.example" in allowed_hosts("box.example")
