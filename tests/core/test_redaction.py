"""What counts as a secret, and that nothing else is changed."""

import pytest

from core.errors import UserError
from core.redaction import REDACTED, redact, register_secret, remove_secrets

KEY = 'local"key\\with+signs/0123'


@pytest.fixture(autouse=True)
def _planted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHPOINT_API_KEY_BOX", KEY)
    monkeypatch.setenv("OPENAI_API_KEY", "0123456789")
    monkeypatch.setenv("SWITCHPOINT_API_KEY", "ab")


@pytest.mark.parametrize(
    "text",
    [
        KEY,
        "a 0123456789 b",
        '{"said": "local\\"key\\\\with+signs/0123"}',
        "http://box/?q=local%22key%5Cwith%2Bsigns%2F0123",
        "Authorization: Bearer abcdefgh",
        "{'authorization': 'Basic dXNlcjpwYXNzd29yZA=='}",
        "(b'authorization', b'Bearer dXNlcjpwYXNz')",
        "sk-proj-0123456789abcdef",
        "sk-abc*********wxyz",
        "hf_abcdefghijklmnopqrstuvwx",
        "http://user:dXNlcjpwYXNz@box:8000/v1",
        "m@https://user:pa@ss:dXNlcjpwYXNz@box/v1",
        "http://box/v1?api_key=dXNlcjpwYXNz&x=1",
    ],
)
def test_a_secret_is_taken_out(text: str) -> None:
    safe = redact(f"before {text} after")
    assert REDACTED in safe
    assert safe.startswith("before ")
    assert safe.endswith(" after")
    for secret in (KEY, "0123456789", "abcdefgh", "dXNlcjpwYXNz", "wxyz", "signs"):
        assert secret not in safe


@pytest.mark.parametrize(
    "text",
    [
        "basic arithmetic, and the bearer of bad news",
        "about 5 tokens: sk-learn and scikit-learn-contrib",
        "m@http://box:8000/v1 answers",
        "http://box/page?page=2&sort=key",
        "ab and tab",
        "ratio 3:4 at home@example.org",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


def test_what_a_model_says_loses_known_keys_only() -> None:
    assert (
        remove_secrets(f"The key is {KEY}, not sk-0123abcdefghijkl")
        == f"The key is {REDACTED}, not sk-0123abcdefghijkl"
    )


def test_a_key_from_the_keyring_is_known_too() -> None:
    register_secret("kept-in-the-ring")
    assert redact("it is kept-in-the-ring") == f"it is {REDACTED}"


def test_no_sentence_for_a_person_holds_a_secret() -> None:
    assert str(UserError(f"Nothing answers with {KEY}.")) == f"Nothing answers with {REDACTED}."
