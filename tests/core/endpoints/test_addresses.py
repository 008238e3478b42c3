"""Names of models behind endpoints; a key goes to its own host only and into no message."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.endpoints.addresses import OPENAI_URL, Endpoint, key_of, parse_endpoint
from core.errors import UserError

KEY = "sk-proj-a1B2c3D4e5F6g7H8"
BOTH = {"OPENAI_API_KEY": "for-openai", "SWITCHPOINT_API_KEY": "for-others"}


def at(name: str, **environment: str) -> Endpoint:
    found = parse_endpoint(name, environment)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "name",
    ["assets/demo/teacher", "llava-hf/llava-1.5-7b-hf", "/models/a@b", "me@home/model", "ftp://h/m", "m@ftp://h", ""],
)
def test_folders_and_hub_names_are_no_endpoints(name: str) -> None:
    assert parse_endpoint(name, {}) is None


def test_openai_is_asked_where_its_own_variable_says() -> None:
    assert at("openai:gpt-4o-mini").url == OPENAI_URL
    moved = at("openai:ft:gpt-4o:me::x", OPENAI_BASE_URL="https://eu.example/v1/")
    assert (moved.model, moved.url, moved.is_openai) == ("ft:gpt-4o:me::x", "https://eu.example/v1", True)


def test_any_other_server_is_named_by_its_address() -> None:
    found = at("Qwen/Qwen2-72B@http://10.0.0.7:8000/v1/")
    assert (found.model, found.url, found.is_openai) == ("Qwen/Qwen2-72B", "http://10.0.0.7:8000/v1", False)
    assert at("claude@2024@https://h/v1").model == "claude@2024"


@pytest.mark.parametrize(
    ("name", "way_on"),
    [
        ("openai:", "openai:gpt-4o-mini"),
        ("@http://h/v1", "MODEL@http"),
        ("http://h:8000/v1", "MODEL@http://host:port/v1"),
        ("a model@http://h/v1", "without spaces"),
        ("m@http://", "MODEL@http"),
        ("m@http://h:port/v1", "MODEL@http"),
        ("m@http://h:0/v1", "MODEL@http"),
        ("m@http://[::1/v1", "MODEL@http"),
    ],
)
def test_half_a_name_is_refused_with_how_to_write_it(name: str, way_on: str) -> None:
    with pytest.raises(UserError, match=way_on):
        parse_endpoint(name, {})


@pytest.mark.parametrize(
    "name",
    [
        f"m@http://user:{KEY}@h/v1",
        f"m@http://{KEY}@h/v1",
        f"m@http://h/v1?key={KEY}",
        f"m@http://h/v1#{KEY}",
        "m@http://user:secret@h/v1",
        f"openai:{KEY}",
        f"openai:gpt-4o?key={KEY}",
        f"{KEY}@http://h/v1",
        f"m@http://h/{KEY}/v1",
    ],
)
def test_a_key_in_a_name_is_refused_and_not_repeated(name: str) -> None:
    with pytest.raises(UserError, match="hold no key") as caught:
        parse_endpoint(name, {})
    assert KEY not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_key_in_the_base_address_is_refused_too() -> None:
    with pytest.raises(UserError, match="hold no key"):
        parse_endpoint("openai:gpt-4o", {"OPENAI_BASE_URL": f"https://u:{KEY}@h/v1"})


def test_each_host_gets_its_own_key() -> None:
    assert key_of(at("openai:m"), BOTH) == "for-openai"
    assert key_of(at("m@https://api.openai.com/v1"), BOTH) == "for-others"
    hosts = {"SWITCHPOINT_API_KEY_VLLM_LAN": "for-vllm", "SWITCHPOINT_API_KEY_MY__BOX": "for-my-box"}
    assert key_of(at("m@http://vllm.lan:8000/v1"), hosts) == "for-vllm"
    assert key_of(at("m@http://my-box/v1"), hosts) == "for-my-box"
    assert key_of(at("m@http://vllm-lan/v1"), hosts) == "none"
    assert key_of(at("m@http://evil.example/v1"), hosts | BOTH) == "for-others"
    assert key_of(at("m@http://evil.example/v1"), {"OPENAI_API_KEY": "for-openai"} | hosts) == "none"


def test_openai_needs_a_key_and_a_key_is_one_word() -> None:
    with pytest.raises(UserError, match="set OPENAI_API_KEY"):
        key_of(at("openai:m"), {"OPENAI_API_KEY": "  ", "SWITCHPOINT_API_KEY": "x"})
    for broken in ("two words", "línea", "a\nb"):
        with pytest.raises(UserError, match="set it anew") as caught:
            key_of(at("openai:m"), {"OPENAI_API_KEY": broken})
        assert broken not in str(caught.value)
    assert key_of(at("openai:m"), {"OPENAI_API_KEY": " fine\n"}) == "fine"


@given(st.text(max_size=40), st.text(alphabet="abc.-:@/?#[]019", max_size=30))
def test_no_name_does_more_than_be_read_or_refused(model: str, rest: str) -> None:
    for name in (f"openai:{model}", f"{model}@http://{rest}", model):
        try:
            found = parse_endpoint(name, {})
        except UserError:
            continue
        assert found is None or (found.name == name and found.model)


def test_reading_a_name_loads_no_client() -> None:
    modules = "app.web.ui, app.cli.main, app.jobs.queue, app.jobs.predict, app.jobs.label, app.endpoints.spending"
    code = f"import sys, {modules}; print('openai' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
