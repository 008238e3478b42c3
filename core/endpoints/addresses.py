"""Parse the names of models behind an OpenAI-compatible endpoint, and decide which key goes to which host.

``openai:MODEL`` is api.openai.com (or OPENAI_BASE_URL); ``MODEL@http://host:port/v1`` is any other server; every other
name is a folder or a model of the Hub. A project may override the address and the environment variable of the key
(``EndpointSettings.addresses``). A key is never part of a name; ``core.endpoints.keys`` finds it.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import SplitResult, urlsplit

from core.endpoints.keys import find_key
from core.errors import UserError
from core.types import EndpointSettings

OPENAI = "openai:"
OPENAI_URL = "https://api.openai.com/v1"
OPENAI_KEY = "OPENAI_API_KEY"
DEFAULT_KEY = "SWITCHPOINT_API_KEY"
NO_KEY = "none"  # servers without keys still expect the header
_MODEL_AT_URL = re.compile(r"(?P<model>.*?)@(?P<url>https?://.*)", re.DOTALL)
_KEY_VARIABLE = re.compile(rf"{DEFAULT_KEY}(?:_[A-Z0-9_]+)?")
_KEY_PATTERN = re.compile(r"\bsk-(?=[\w-]*\d)[\w-]{16,}|\b(?:hf|gsk)_\w{20,}|[?&#=]", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A model at an address: ``name`` as the project gives it, ``url`` up to and including "/v1" without a trailing
    slash.

    ``keys`` are the environment variables that may hold its key, in order of priority; a single one must be set.
    ``is_openai`` says that the server speaks OpenAI's own dialect, wherever OPENAI_BASE_URL points.
    """

    name: str
    model: str
    url: str
    keys: tuple[str, ...]
    is_openai: bool = False


def parse_endpoint(name: str, environment: Mapping[str, str] | None = None) -> Endpoint | None:
    """The endpoint that a model's name refers to; None for a folder or a model of the Hub.

    Raises UserError for an incomplete name, an invalid address, or a key in either; no message repeats the name.
    """
    environ = os.environ if environment is None else environment
    if name.startswith(OPENAI):
        model, url = name.removeprefix(OPENAI), environ.get("OPENAI_BASE_URL") or OPENAI_URL
        keys: tuple[str, ...] = (OPENAI_KEY,)
    elif found := _MODEL_AT_URL.fullmatch(name):
        model, url, keys = found["model"], found["url"], ()
    elif name.startswith(("http://", "https://")):
        raise UserError("An address alone names no model: write MODEL@http://host:port/v1.")
    else:
        return None
    if not model or re.search(r"\s", name):
        raise UserError("Write the model's name without spaces: openai:gpt-4o-mini, or MODEL@http://host:port/v1.")
    if _KEY_PATTERN.search(name):
        raise _key_in_name_error()
    parts = _parse_url(url)
    keys = keys or _key_variables(parts.hostname or "")
    return Endpoint(name=name, model=model, url=url.rstrip("/"), keys=keys, is_openai=name.startswith(OPENAI))


def project_endpoint(
    name: str, settings: EndpointSettings, environment: Mapping[str, str] | None = None
) -> Endpoint | None:
    """As ``parse_endpoint``, with the address and the key's variable that the project's settings give this model.

    A server at a project's own address is treated as a non-OpenAI host, so that OpenAI's key is not sent to it.
    """
    found = parse_endpoint(name, environment)
    own = next((each for each in settings.addresses if each[0] == name), None)
    if found is None or own is None:
        return found
    _, url, variable = own
    if url:
        keys = _key_variables(check_address(url).hostname or "")
        found = replace(found, url=url.rstrip("/"), keys=keys, is_openai=False)
    return replace(found, keys=(check_key_variable(variable),)) if variable else found


def check_address(url: str) -> SplitResult:
    """The parts of a base URL. Raises UserError (which does not repeat it) when it is invalid or contains a key."""
    if re.search(r"\s", url):
        raise _address_error("http://host:port/v1")
    if _KEY_PATTERN.search(url):
        raise _key_in_name_error()
    return _parse_url(url, "http://host:port/v1")


def check_key_variable(name: str) -> str:
    """The name of an environment variable from which a project may read a key. Raises UserError for any other name.

    Only variables that start with SWITCHPOINT_API_KEY are allowed: otherwise anyone who can edit a project could have
    any secret of the machine sent to their own server. The message does not repeat ``name``, which may be a key.
    """
    if not _KEY_VARIABLE.fullmatch(name):
        raise UserError(
            "The key's variable is the name of an environment variable, never the key: "
            f"{DEFAULT_KEY} or {DEFAULT_KEY}_ and capitals, digits or underscores, such as {DEFAULT_KEY}_TEAM."
        )
    return name


def key_of(endpoint: Endpoint, environment: Mapping[str, str] | None = None) -> str:
    """The key for the endpoint's host (``core.endpoints.keys``); "none" for a non-OpenAI host without one.

    A key for one host is never sent to another: OPENAI_API_KEY is used for ``openai:`` names only. For other hosts,
    SWITCHPOINT_API_KEY_ and the host name (VLLM_LAN for vllm.lan, two underscores for a hyphen) is for that host, and
    plain SWITCHPOINT_API_KEY for every host without its own. Raises UserError when a required key is missing or
    malformed.
    """
    found = next((key for key, _ in (find_key(name, environment) for name in endpoint.keys) if key), "")
    if not found and len(endpoint.keys) == 1:
        raise UserError(
            f"{endpoint.name} needs a key: set {endpoint.keys[0]} in the environment and start Switchpoint again, or "
            "keep it in the keyring with `switchpoint key set`."
        )
    if found and not re.fullmatch(r"[!-~]+", found):  # the HTTP library would quote it in its error
        raise UserError(f"The key for {endpoint.url} holds spaces or other signs that no key has: set it anew.")
    return found or NO_KEY


def key_variable_of(typed: str) -> str:
    """The name of the key for a user's input: a host, "openai", an address, or the variable itself.

    Raises UserError (which does not repeat the input) for anything else, because it may be the key.
    """
    name = typed.strip()
    if _KEY_VARIABLE.fullmatch(name) or name == OPENAI_KEY:
        return name
    try:
        host = urlsplit(name if "://" in name else f"//{name}").hostname or ""
    except ValueError:
        host = ""
    if host in ("openai", "api.openai.com"):
        return OPENAI_KEY
    if _KEY_PATTERN.search(name) or re.search(r"[@\s]", name) or not re.fullmatch(r"[a-z0-9.:-]{1,253}", host):
        raise UserError(
            f"Name what the key is for, never the key: a host such as vllm.lan, openai, or {DEFAULT_KEY} for all hosts."
        )
    return _key_variables(host)[0]


def _key_variables(host: str) -> tuple[str, ...]:
    own = re.sub(r"[^A-Za-z0-9]", "_", host.replace("-", "__")).upper()
    return (f"{DEFAULT_KEY}_{own}", DEFAULT_KEY)


def _parse_url(url: str, right: str = "MODEL@http://host:port/v1") -> SplitResult:
    try:
        parts = urlsplit(url)
        secret = parts.username or parts.password or parts.query or parts.fragment or "@" in parts.netloc
        well = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        secret, well = "", False
    if secret:
        raise _key_in_name_error()
    if not well:
        raise _address_error(right)
    return parts


def _address_error(right: str) -> UserError:
    return UserError(f"The model's address is none: write {right}.")


def _key_in_name_error() -> UserError:
    return UserError(
        "A model's name and address hold no key, user or query: take it out, and set the key in the environment as "
        f"{OPENAI_KEY} (for openai: names) or {DEFAULT_KEY} (for other hosts)."
    )
