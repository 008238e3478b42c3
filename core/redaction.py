"""Remove secrets from text before it is stored or shown: keys known to this process, and anything that looks like a
key.

The only place that defines what a secret looks like. Known keys come from the environment and from ``register_secret``.
"""

import base64
import html
import json
import os
import re
from functools import lru_cache
from urllib.parse import quote, quote_plus

REDACTED = "[secret]"
MIN_LENGTH = 6  # characters; shorter values occur as ordinary words
_SECRET_VARIABLES = re.compile(
    r"SWITCHPOINT_\w*(?:KEY|PASSWORD|SECRET|TOKEN)\w*|OPENAI_\w*KEY|HF_TOKEN|HUGGING_FACE_HUB_TOKEN", re.IGNORECASE
)
_SECRET_PATTERNS = (
    (
        re.compile(r"""(authorization["']?\s*[:=]\s*["']?(?:[a-z]+\s+)?)[^\s"',;}]{6,}""", re.IGNORECASE),
        rf"\1{REDACTED}",
    ),
    (re.compile(r"\b(bearer[-_ ]+)[\w.~+/=*-]{6,}", re.IGNORECASE), rf"\1{REDACTED}"),
    (re.compile(r"\bsk-(?=[\w*-]*[\d*])[\w*-]{10,}|\b(?:hf|gsk)_\w{20,}"), REDACTED),
    (re.compile(r"""(://)[^\s/?#"'<>]*:[^\s/?#"'<>]*@"""), rf"\1{REDACTED}@"),
    (
        re.compile(r"""([?&](?:api[_-]?key|key|(?:access_)?token|password)=)[^&\s"'#<>]+""", re.IGNORECASE),
        rf"\1{REDACTED}",
    ),
)
_registered: set[str] = set()


def register_secret(secret: str) -> None:
    """Redact this secret from now on; for secrets that are not in the environment."""
    _registered.add(secret)


def remove_secrets(text: str) -> str:
    """The text without the known secrets, whether plain, escaped, URL-encoded or in base64.

    For model output, which is data: only what is certainly a secret is removed.
    """
    for secret in _known_secrets():
        text = text.replace(secret, REDACTED)
    return text


def redact(text: str) -> str:
    """The text without known secrets and without anything that looks like one: headers, tokens, credentials in URLs."""
    text = remove_secrets(text)
    for shape, instead in _SECRET_PATTERNS:
        text = shape.sub(instead, text)
    return text


def _known_secrets() -> list[str]:
    """Every encoding of every known secret, longest first, since one may contain another."""
    values = {value.strip() for name, value in os.environ.items() if _SECRET_VARIABLES.fullmatch(name)} | _registered
    forms = {form for value in values if len(value) >= MIN_LENGTH for form in _encodings(value)}
    return sorted(forms, key=len, reverse=True)


@lru_cache(maxsize=64)
def _encodings(value: str) -> tuple[str, ...]:
    """A secret as servers, libraries and files may write it."""
    escaped = json.dumps(value)[1:-1]
    plain = json.dumps(value, ensure_ascii=False)[1:-1]
    addressed = (quote(value, safe="", errors="replace"), quote(value, errors="replace"))
    quoted = (*addressed, quote_plus(value, errors="replace"), html.escape(value), repr(value)[1:-1])
    content = value.encode("utf-8", "replace")
    encoded = []
    for before in range(3):  # three bytes become four letters: the offset decides how the secret is encoded
        encoding = base64.b64encode(bytes(before) + content).decode()
        certain = encoding[(0, 2, 3)[before] : (before + len(content)) * 8 // 6]
        encoded += [certain, certain.replace("+", "-").replace("/", "_")]
    return (value, escaped, plain, json.dumps(escaped)[1:-1], *quoted, *encoded)
