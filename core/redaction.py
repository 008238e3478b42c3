"""Takes secrets out of texts before anybody keeps or shows them: keys that this process knows, and what looks like one.

The one place that decides what a secret looks like. Knows the environment, and what was read from a keyring; neither
endpoints nor logs.
"""

import base64
import html
import json
import os
import re
from functools import lru_cache
from urllib.parse import quote, quote_plus

GONE = "[secret]"
SHORTEST = 6  # A shorter value cannot be told from a word, and is no key that guards anything.
_NAMES = re.compile(
    r"SWITCHPOINT_\w*(?:KEY|PASSWORD|SECRET|TOKEN)\w*|OPENAI_\w*KEY|HF_TOKEN|HUGGING_FACE_HUB_TOKEN", re.IGNORECASE
)
_SHAPES = (
    (re.compile(r"""(authorization["']?\s*[:=]\s*["']?(?:[a-z]+\s+)?)[^\s"',;}]{6,}""", re.IGNORECASE), rf"\1{GONE}"),
    (re.compile(r"\b(bearer[-_ ]+)[\w.~+/=*-]{6,}", re.IGNORECASE), rf"\1{GONE}"),
    (re.compile(r"\bsk-(?=[\w*-]*[\d*])[\w*-]{10,}|\b(?:hf|gsk)_\w{20,}"), GONE),
    (re.compile(r"""(://)[^\s/?#"'<>]*:[^\s/?#"'<>]*@"""), rf"\1{GONE}@"),
    (
        re.compile(r"""([?&](?:api[_-]?key|key|(?:access_)?token|password)=)[^&\s"'#<>]+""", re.IGNORECASE),
        rf"\1{GONE}",
    ),
)
_held: set[str] = set()


def hold(secret: str) -> None:
    """Treat a secret that does not stand in the environment as one from now on."""
    _held.add(secret)


def without_keys(text: str) -> str:
    """The text without the secrets that are known here, as they are, escaped, as part of an address, or as base64.

    For what models say, which is data: only what is surely a secret is taken out of it.
    """
    for secret in _known():
        text = text.replace(secret, GONE)
    return text


def redacted(text: str) -> str:
    """As ``without_keys``, and without whatever looks like a key: headers, tokens, users and passwords in addresses."""
    text = without_keys(text)
    for shape, instead in _SHAPES:
        text = shape.sub(instead, text)
    return text


def _known() -> list[str]:
    """Every form of every known secret, the longest first, since one may be part of another."""
    values = {value.strip() for name, value in os.environ.items() if _NAMES.fullmatch(name)} | _held
    forms = {form for value in values if len(value) >= SHORTEST for form in _forms(value)}
    return sorted(forms, key=len, reverse=True)


@lru_cache(maxsize=64)
def _forms(value: str) -> tuple[str, ...]:
    """A secret as servers, libraries and files write it."""
    once = json.dumps(value)[1:-1]
    plain = json.dumps(value, ensure_ascii=False)[1:-1]
    addressed = (quote(value, safe="", errors="replace"), quote(value, errors="replace"))
    quoted = (*addressed, quote_plus(value, errors="replace"), html.escape(value), repr(value)[1:-1])
    content = value.encode("utf-8", "replace")
    encoded = []
    for before in range(3):  # three bytes become four letters, so what stands before it decides how it looks
        whole = base64.b64encode(bytes(before) + content).decode()
        sure = whole[(0, 2, 3)[before] : (before + len(content)) * 8 // 6]
        encoded += [sure, sure.replace("+", "-").replace("/", "_")]
    return (value, once, plain, json.dumps(once)[1:-1], *quoted, *encoded)
