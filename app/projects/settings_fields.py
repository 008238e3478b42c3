"""A project's settings by name, as texts: meaning, valid values, and which rows fix them.

Converts texts to ``Settings`` and back; knows neither the database nor the page. Names that begin with "student." or
"teacher." belong to that model at its endpoint: its address, the variable of its API key, its price.
"""

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from app.projects.setting_parsers import NONE, amount, dollars, number, one_of, whole
from core.endpoints.addresses import check_address, check_key_variable, parse_endpoint
from core.endpoints.prices import price_of
from core.errors import UserError
from core.types import EndpointSettings, Settings

RowKind = Literal["predictions", "diagnoses", ""]
MAX_PIXELS = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class Field:
    """A setting: its place in ``Settings`` (``part`` "": the top level), its parser, and its meaning.

    ``held_by`` is the kind of rows made with it: once there are any the setting is fixed, since rows made with
    different values could not be compared.
    """

    name: str
    part: Literal["", "student", "endpoint"]
    read: Callable[[str], Any]
    about: str
    held_by: RowKind = ""


@dataclass(frozen=True, kw_only=True)
class SettingRow:
    """A setting of a project: its ``value`` as text, why it is fixed ("" where it can be changed), and the kind of rows
    that fix it."""

    name: str
    value: str
    about: str
    held: str
    held_by: RowKind = ""


FIELDS = (
    Field(name="dtype", part="student", read=one_of("auto", "bf16", "fp16", "fp32"), held_by="predictions",
          about="number format of the student's weights; auto is bf16 on a GPU, fp32 on the processor"),
    Field(name="device_map", part="student", read=one_of("one", "auto"),
          about="auto spreads a student larger than one GPU over all of them, one keeps it in one place"),
    Field(name="min_pixels", part="student", read=whole(0, MAX_PIXELS), held_by="predictions",
          about="least area of an image, for students that read images at their own size; 0 is the makers' own"),
    Field(name="max_pixels", part="student", read=whole(0, MAX_PIXELS), held_by="predictions",
          about="largest area of an image, for such students; 0 is the makers' own"),
    Field(name="longest_side", part="student", read=whole(0, 100_000), held_by="predictions",
          about="larger images are shrunk to this many pixels, for any student; 0 never shrinks"),
    Field(name="batch_size", part="", read=whole(1, 4096), about="samples that the student answers at a time"),
    Field(name="max_new_tokens", part="", read=whole(1, 100_000), held_by="predictions",
          about="the student's longest reply, in tokens"),
    Field(name="prior", part="", read=number(0, 1, "a probability"), held_by="diagnoses",
          about="the probability of the right answer that the teacher is told before the steps"),
    Field(name="support", part="", read=str.strip, about="the support set to draw from; empty is the only one"),
    Field(name="spend_cap", part="endpoint", read=dollars,
          about="what the project may spend in all, in US dollars, or none"),
    Field(name="at_once", part="endpoint", read=whole(1, 512), about="requests to an endpoint at the same time"),
    Field(name="timeout", part="endpoint", read=number(1, 3600, "a number of seconds"),
          about="seconds that one request may take"),
    Field(name="retries", part="endpoint", read=whole(0, 50), about="how often a failed request is tried again"),
    Field(name="top_logprobs", part="endpoint", read=whole(1, 100), held_by="diagnoses",
          about="likeliest tokens that a teacher behind an endpoint is asked to list"),
    Field(name="votes", part="endpoint", read=whole(1, 100), held_by="diagnoses",
          about="sampled replies a step, where an endpoint gives no log-probabilities"),
)  # fmt: skip
MODEL_FIELDS = {
    "base_url": "where it is asked, instead of the address in its name (http://host:port/v1)",
    "key_variable": "the name of the environment variable that holds its key, such as SWITCHPOINT_API_KEY_TEAM",
    "price": "US dollars per million tokens in and out, as IN,OUT",
}
FIELDS_BY_NAME = {field.name: field for field in FIELDS}


def change_settings(
    settings: Settings, given: Mapping[str, str], models: Mapping[str, str], held: Collection[RowKind]
) -> Settings:
    """The settings with the given ones changed, all or none.

    ``models`` are the project's "student" and "teacher", ``held`` the kinds of rows that exist. Raises UserError, which
    names the setting and its valid values, and does not repeat a given text that may be an API key.
    """
    for name, text in given.items():
        role, _, field = name.partition(".")
        if role in models and field in MODEL_FIELDS:
            settings = replace(
                settings, endpoint=_with_model_setting(settings.endpoint, name, models[role], text.strip())
            )
        elif name in FIELDS_BY_NAME:
            settings = _with_setting(settings, FIELDS_BY_NAME[name], text.strip(), _held(name, held, models))
        else:
            known = ", ".join((*FIELDS_BY_NAME, *(f"teacher.{each}" for each in MODEL_FIELDS)))
            raise UserError(f"There is no setting {name[:60]!r}: choose one of {known} (or student. for teacher.).")
    least, most = settings.student.min_pixels, settings.student.max_pixels
    if most and least > most:
        raise UserError(
            f"min_pixels is {least:,} and max_pixels {most:,}: the least area must not be above the largest."
        )
    return settings


def setting_rows(settings: Settings, models: Mapping[str, str], held: Collection[RowKind]) -> list[SettingRow]:
    """Every setting with its value; model settings only of models behind an endpoint."""
    rows = [
        SettingRow(
            name=field.name,
            value=_as_text(_value(settings, field)),
            about=field.about,
            held=_fixed_reason(field, _held(field.name, held, models)),
            held_by=field.held_by if _fixed_reason(field, _held(field.name, held, models)) else "",
        )
        for field in FIELDS
    ]
    for role, model in models.items():
        for name, about in MODEL_FIELDS.items() if is_behind_endpoint(model) else ():
            value = model_value(settings.endpoint, model, name)
            rows.append(SettingRow(name=f"{role}.{name}", value=value, about=about, held=""))
    return rows


def model_value(settings: EndpointSettings, model: str, name: str) -> str:
    """A model's own base_url, key_variable or price as text; "" where it has none."""
    if name == "price":
        price = price_of(model, settings)
        return "" if price is None else f"{price[0]:g},{price[1]:g}"
    _, url, variable = _address_of(settings, model)
    return url if name == "base_url" else variable


def is_behind_endpoint(model: str) -> bool:
    """Whether the name is a valid name of a model behind an endpoint."""
    try:
        return parse_endpoint(model) is not None
    except UserError:
        return False  # the job and doctor say what is wrong with the name


def held_reason(kinds: Iterable[str]) -> str:
    """Why a setting is fixed that rows of these kinds were made with."""
    named = " and ".join(dict.fromkeys(kinds))
    return f"the project has {named}, and those made otherwise could not be compared; make a new project for it"


def named_settings(pairs: Collection[str]) -> dict[str, str]:
    """The settings in texts such as "batch_size=4". Raises UserError for a text without "="."""
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise UserError("--set takes name=value, such as batch_size=4: `switchpoint settings PROJECT` lists them.")
        found[name.strip()] = value
    return found


def _with_setting(settings: Settings, field: Field, text: str, held: Collection[RowKind]) -> Settings:
    try:
        value = field.read(text)
    except ValueError as error:
        raise UserError(f"{field.name} is {error}, not {text[:60]!r}.") from error
    if value == _value(settings, field):
        return settings
    if fixed := _fixed_reason(field, held):
        raise UserError(f"{field.name} stays {_as_text(_value(settings, field)) or 'empty'}: {fixed}.")
    if not field.part:
        return replace(settings, **{field.name: value})
    return replace(settings, **{field.part: replace(getattr(settings, field.part), **{field.name: value})})


def _held(name: str, held: Collection[RowKind], models: Mapping[str, str]) -> Collection[RowKind]:
    """The kinds of rows that may fix the setting. Behind an endpoint only whole replies are stored, and these are the
    same however long a reply may be."""
    return () if name == "max_new_tokens" and is_behind_endpoint(models.get("student", "")) else held


def _fixed_reason(field: Field, held: Collection[RowKind]) -> str:
    return held_reason([field.held_by]) if field.held_by and field.held_by in held else ""


def _with_model_setting(settings: EndpointSettings, name: str, model: str, text: str) -> EndpointSettings:
    if not is_behind_endpoint(model):
        raise UserError(f"{name} is for a model behind an endpoint, and {model} runs here.")
    what = name.partition(".")[2]
    if what == "price":
        others = tuple(each for each in settings.prices if each[0] != model)
        return replace(settings, prices=others if text in ("", NONE) else (*others, (model, *_price(name, text))))
    try:
        if text and what == "base_url":
            check_address(text)
        elif text:
            check_key_variable(text)
    except UserError as error:
        raise UserError(f"{name}: {error}") from error
    _, url, variable = _address_of(settings, model)
    own = (model, text, variable) if what == "base_url" else (model, url, text)
    rest = tuple(each for each in settings.addresses if each[0] != model)
    return replace(settings, addresses=(*rest, own) if any(own[1:]) else rest)


def _price(name: str, text: str) -> tuple[float, float]:
    amounts = [amount(each) for each in re.split(r"\s*[,;]\s*|\s+", text)]
    if len(amounts) != 2 or not all(0 <= each < math.inf for each in amounts):
        raise UserError(f"{name} is two amounts of US dollars per million tokens, in and out, such as 0.15,0.60.")
    return amounts[0], amounts[1]


def _address_of(settings: EndpointSettings, model: str) -> tuple[str, str, str]:
    return next((each for each in settings.addresses if each[0] == model), (model, "", ""))


def _value(settings: Settings, field: Field) -> Any:
    return getattr(getattr(settings, field.part) if field.part else settings, field.name)


def _as_text(value: Any) -> str:
    if value is None:
        return NONE
    return f"{value:g}" if isinstance(value, float) else str(value)
