"""Takes secrets out of texts before anybody keeps or shows them: keys that this process knows, and what looks like one.

The one place that decides what a secret looks like. Knows the environment, and what was read from a keyring; neither
endpoints nor logs.
"""

import json
import os
import re
from urllib.parse import quote

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
    """The text without the secrets that are known here, as they are, escaped as JSON, or as part of an address.

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
    forms = {
        form
        for value in values
        if len(value) >= SHORTEST
        for form in (value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], quote(value, safe=""))
    }
    return sorted(forms, key=len, reverse=True)
