"""Models behind an OpenAI-compatible endpoint: how a project names them, and which key goes to which host.

``openai:MODEL`` is api.openai.com (or OPENAI_BASE_URL); ``MODEL@http://host:port/v1`` is any other server; every other
name is a folder or a model of the Hub. A project may say another address, and which environment variable holds the key
(``EndpointSettings.addresses``). Keys are never part of a name; where they lie is ``core.endpoints.keys``'s business.
Knows no model library and sends nothing.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import SplitResult, urlsplit

from core.endpoints.keys import key_named
from core.errors import UserError
from core.types import EndpointSettings

OPENAI = "openai:"
OPENAI_URL = "https://api.openai.com/v1"
OPENAI_KEY = "OPENAI_API_KEY"
OTHER_KEY = "SWITCHPOINT_API_KEY"
NO_KEY = "none"  # Servers that ask for no key want the header all the same.
_ELSEWHERE = re.compile(r"(?P<model>.*?)@(?P<url>https?://.*)", re.DOTALL)
_VARIABLE = re.compile(rf"{OTHER_KEY}(?:_[A-Z0-9_]+)?")
_LIKE_A_KEY = re.compile(r"\bsk-(?=[\w-]*\d)[\w-]{16,}|\b(?:hf|gsk)_\w{20,}|[?&#=]", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A model at an address: ``name`` as the project gives it, ``url`` up to and with "/v1" and without a slash.

    ``keys`` are the environment variables that may hold its key, the first one that is set counts; where there is but
    one, it must be set. ``is_openai`` says that OpenAI's own dialect is spoken, wherever OPENAI_BASE_URL points.
    """

    name: str
    model: str
    url: str
    keys: tuple[str, ...]
    is_openai: bool = False


def endpoint_of(name: str, environment: Mapping[str, str] | None = None) -> Endpoint | None:
    """The endpoint that a model's name speaks of; None where it is a folder or a model of the Hub.

    Raises UserError for half a name, an address that is none, and a key inside of either; no message repeats the name.
    """
    environ = os.environ if environment is None else environment
    if name.startswith(OPENAI):
        model, url = name.removeprefix(OPENAI), environ.get("OPENAI_BASE_URL") or OPENAI_URL
        keys: tuple[str, ...] = (OPENAI_KEY,)
    elif found := _ELSEWHERE.fullmatch(name):
        model, url, keys = found["model"], found["url"], ()
    elif name.startswith(("http://", "https://")):
        raise UserError("An address alone names no model: write MODEL@http://host:port/v1.")
    else:
        return None
    if not model or re.search(r"\s", name):
        raise UserError("Write the model's name without spaces: openai:gpt-4o-mini, or MODEL@http://host:port/v1.")
    if _LIKE_A_KEY.search(name):
        raise _key_in_a_name()
    parts = _address(url)
    keys = keys or _key_variables(parts.hostname or "")
    return Endpoint(name=name, model=model, url=url.rstrip("/"), keys=keys, is_openai=name.startswith(OPENAI))


def endpoint_at(name: str, settings: EndpointSettings, environment: Mapping[str, str] | None = None) -> Endpoint | None:
    """As ``endpoint_of``, at the address and with the key's variable that the project's settings give this model.

    At an address of the project's own a server is asked as any other than OpenAI's, so that OpenAI's key stays away.
    """
    found = endpoint_of(name, environment)
    own = next((each for each in settings.addresses if each[0] == name), None)
    if found is None or own is None:
        return found
    _, url, variable = own
    if url:
        keys = _key_variables(check_address(url).hostname or "")
        found = replace(found, url=url.rstrip("/"), keys=keys, is_openai=False)
    return replace(found, keys=(check_key_variable(variable),)) if variable else found


def check_address(url: str) -> SplitResult:
    """The parts of a base URL. Raises UserError, which does not repeat it, where it is none or holds a key."""
    if re.search(r"\s", url):
        raise _no_address("http://host:port/v1")
    if _LIKE_A_KEY.search(url):
        raise _key_in_a_name()
    return _address(url, "http://host:port/v1")


def check_key_variable(name: str) -> str:
    """The name of an environment variable that a project may have a key read from. Raises UserError for another.

    Only variables that begin with SWITCHPOINT_API_KEY: whoever may change a project could otherwise have any secret of
    the machine sent to a server of their own. The message does not repeat ``name``, which may be a key itself.
    """
    if not _VARIABLE.fullmatch(name):
        raise UserError(
            "The key's variable is the name of an environment variable, never the key: "
            f"{OTHER_KEY} or {OTHER_KEY}_ and capitals, digits or underscores, such as {OTHER_KEY}_TEAM."
        )
    return name


def key_of(endpoint: Endpoint, environment: Mapping[str, str] | None = None) -> str:
    """The key for the endpoint's host (``core.endpoints.keys``); "none" where another host than OpenAI's has none.

    A key for one host is never sent to another: OPENAI_API_KEY goes with ``openai:`` names only. Where several other
    hosts have keys, SWITCHPOINT_API_KEY_ and the host (VLLM_LAN for vllm.lan, a hyphen as two underscores) is for that
    host alone, and the bare SWITCHPOINT_API_KEY for every host without one of its own.
    """
    found = next((key for key, _ in (key_named(name, environment) for name in endpoint.keys) if key), "")
    if not found and len(endpoint.keys) == 1:
        raise UserError(
            f"{endpoint.name} needs a key: set {endpoint.keys[0]} in the environment and start Switchpoint again, or "
            "keep it in the keyring with `switchpoint key set`."
        )
    if found and not re.fullmatch(r"[!-~]+", found):  # It would be repeated by the error of whoever sends it.
        raise UserError(f"The key for {endpoint.url} holds spaces or other signs that no key has: set it anew.")
    return found or NO_KEY


def key_variable_of(typed: str) -> str:
    """The name of the key for what a person types: a host, "openai", an address, or the name itself.

    Raises UserError, which does not repeat it, for anything else: it may be the key.
    """
    name = typed.strip()
    if _VARIABLE.fullmatch(name) or name == OPENAI_KEY:
        return name
    try:
        host = urlsplit(name if "://" in name else f"//{name}").hostname or ""
    except ValueError:
        host = ""
    if host in ("openai", "api.openai.com"):
        return OPENAI_KEY
    if _LIKE_A_KEY.search(name) or re.search(r"[@\s]", name) or not re.fullmatch(r"[a-z0-9.:-]{1,253}", host):
        raise UserError(
            f"Name what the key is for, never the key: a host such as vllm.lan, openai, or {OTHER_KEY} for all hosts."
        )
    return _key_variables(host)[0]


def _key_variables(host: str) -> tuple[str, ...]:
    own = re.sub(r"[^A-Za-z0-9]", "_", host.replace("-", "__")).upper()
    return (f"{OTHER_KEY}_{own}", OTHER_KEY)


def _address(url: str, right: str = "MODEL@http://host:port/v1") -> SplitResult:
    try:
        parts = urlsplit(url)
        secret = parts.username or parts.password or parts.query or parts.fragment or "@" in parts.netloc
        well = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        secret, well = "", False
    if secret:
        raise _key_in_a_name()
    if not well:
        raise _no_address(right)
    return parts


def _no_address(right: str) -> UserError:
    return UserError(f"The model's address is none: write {right}.")


def _key_in_a_name() -> UserError:
    return UserError(
        "A model's name and address hold no key, user or query: take it out, and set the key in the environment as "
        f"{OPENAI_KEY} (for openai: names) or {OTHER_KEY} (for other hosts)."
    )
