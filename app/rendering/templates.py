"""The Jinja2 environment of the page and the HTML report: templates in, ``Markup`` out.

All templates lie in ``app/web/templates``, a folder for each tab and ``report/`` for the report, which shares
``macros.html`` and the case with the page. Every value is escaped; HTML made in Python is ``markupsafe.Markup``, and
only this module turns a rendered template into it. Knows no database and no Gradio.
"""

import base64
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from markupsafe import Markup

from app.rendering import formatting
from core.retrieval.terms import pieces

TEMPLATES = Path(__file__).resolve().parent.parent / "web" / "templates"
MAX_LENGTH = 20_000
NOTHING = Markup()
"""What a function that makes HTML returns where there is nothing to show."""
_LINE_BREAK = re.compile(r"\s*\n\s*")


def render(name: str, /, **values: Any) -> Markup:
    """A template with its values. Raises ``jinja2.UndefinedError`` where a value that the template reads is missing."""
    # Safe: the template has escaped its values.
    return Markup(environment().get_template(name).render(values))  # nosec B704


def macro(name: str, /, *args: Any, **options: Any) -> Markup:
    """One macro of ``macros.html``, called from Python."""
    made: Markup = getattr(environment().get_template("macros.html").module, name)(*args, **options)
    return made


def data_url(mime: str, content: bytes) -> Markup:
    """A file as a ``data:`` URL for an attribute. Not a str, since ``MAX_LENGTH`` would cut it."""
    return Markup("data:{};base64,{}").format(mime, base64.b64encode(content).decode())


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The one environment; compiled templates are kept for the life of the process."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        auto_reload=False,
        cache_size=-1,
        extensions=[JoinLines],
    )
    made.filters |= {
        "clock": formatting.clock,
        "cut": formatting.cut,
        "duration": formatting.duration,
        "number": "{:,}".format,
        "percent": formatting.percent,
        "points": formatting.points,
        "short": formatting.short,
        "split_at_terms": pieces,
        "utc": formatting.utc,
        "with_noun": formatting.count,
    }
    return made


class JoinLines(Extension):
    """Line breaks of a template lay it out and are no text, as in JSX.

    Inside a tag a line break with its indentation is one space. Elsewhere it is nothing next to a tag, block or
    expression, and one space between two words. So no ``{%-`` is needed, and ``trim_blocks`` would change nothing.
    """

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Shorten the text between blocks and expressions; line numbers in error messages stay right."""
        in_tag = False
        for token in stream:
            if token.type != "data":
                yield token
                continue
            yield Token(token.lineno, "data", _join_lines(token.value, in_tag))
            in_tag = _ends_in_tag(token.value, in_tag)


def _join_lines(text: str, in_tag: bool) -> str:
    def replace(found: re.Match[str]) -> str:
        before, after = text[: found.start()], text[found.end() :]
        if _ends_in_tag(before, in_tag):
            return " "
        beside_markup = not before or not after or before.endswith(">") or after.startswith("<")
        return "" if beside_markup else " "

    return _LINE_BREAK.sub(replace, text)


def _ends_in_tag(text: str, in_tag: bool) -> bool:
    opened, closed = text.rfind("<"), text.rfind(">")
    return in_tag if opened == closed else opened > closed


def _finalize(value: Any) -> Any:
    """What every ``{{ }}`` passes before it is escaped: text cut to ``MAX_LENGTH`` and fit to be sent as UTF-8."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    # File names that are no UTF-8 hold lone surrogates, which no answer could carry.
    return formatting.cut(value, MAX_LENGTH).encode("utf-8", "replace").decode().replace("\x00", "�")
