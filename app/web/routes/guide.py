"""The guide: the pages of ``assets/docs`` and the decisions as HTML at ``/guide``, there without a network.

Only known files are answered, by name. Links between pages stay inside the guide; a link to another file of the
repository becomes plain text. Raw HTML in a page is shown as text. Knows no database.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

import fastapi
from fastapi.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from app.rendering.templates import render
from app.settings import PACKAGE_ROOT

ASSETS = PACKAGE_ROOT / "assets"
START, STYLE = "user-guide", "guide.css"
# The pages in the order of the list at the side, by heading.
LISTED: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "Use": ("user-guide", "data-formats", "models-and-endpoints", "tuning", "cluster", "command-line"),
        "Understand": ("method", "results", "benchmarks", "reliability", "security", "architecture"),
        "More": ("CHANGELOG", "decisions"),
    }
)
PICTURES = {".png": "image/png", ".svg": "image/svg+xml"}
ELSEWHERE = re.compile(r"https?://")
COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading of the second level, as the list at the side shows it."""

    anchor: str
    title: str


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A page as HTML, with its title, its sections, and the pictures that it shows by their name in the guide."""

    title: str
    sections: tuple[Section, ...]
    html: Markup
    pictures: Mapping[str, Path]


def add_guide_routes(api: fastapi.FastAPI) -> None:
    """Add the routes to the application."""

    @api.get("/guide")
    def start() -> Response:
        """The guide's first page."""
        return _page(START)

    @api.get("/guide/picture/{name}")
    def picture(name: str) -> Response:
        """A picture that one of the pages shows."""
        path = pictures().get(name)
        return _nothing() if path is None else FileResponse(path, media_type=PICTURES[path.suffix])

    @api.get("/guide/guide.css")
    def style() -> Response:
        """The style sheet of the guide."""
        return FileResponse(ASSETS / "web" / STYLE, media_type="text/css", headers={"cache-control": "max-age=3600"})

    @api.get("/guide/{name:path}")
    def page(name: str) -> Response:
        """A page by its name."""
        return _page(name)


def _page(name: str) -> Response:
    path = pages().get(name or START)
    if path is None:
        return _nothing()
    return HTMLResponse(render("guide.html", current=name or START, page=rendered(path), listed=_listed()))


def _nothing() -> Response:
    return PlainTextResponse("The guide has no such page.", 404)


@cache
def pages() -> Mapping[str, Path]:
    """The file of each page by its name in the address; "decisions" is their list, "demo" how the demo was made."""
    found = {path.stem: path for path in sorted((ASSETS / "docs").glob("*.md"))}
    found |= {f"decisions/{path.stem}": path for path in sorted((ASSETS / "decisions").glob("[0-9]*.md"))}
    found |= {"decisions": ASSETS / "decisions" / "README.md", "demo": ASSETS / "demo" / "README.md"}
    return MappingProxyType({name: path for name, path in found.items() if path.is_file()})


@cache
def rendered(path: Path) -> Rendered:
    """A page's file as HTML."""
    names = {file: name for name, file in pages().items()}
    shown: dict[str, Path] = {}
    sections: list[Section] = []
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    reader.add_render_rule("table_open", lambda *_: '<div class="scroll" tabindex="0"><table>')
    reader.add_render_rule("table_close", lambda *_: "</table></div>")
    tokens = reader.parse(COMMENT.sub("", path.read_text()))
    title = ""
    for token, after in zip(tokens, [*tokens[1:], None], strict=True):
        if token.type == "heading_open" and after is not None:
            anchor = anchor_of(after.content)
            token.attrSet("id", anchor)
            text = "".join(child.content for child in after.children or ())
            title = title or text
            if token.tag == "h2":
                sections.append(Section(anchor=anchor, title=text))
        if token.children:
            _lead(token.children, path.parent, names, shown)
    # What scrolls sideways can be scrolled by keys.
    html = reader.renderer.render(tokens, reader.options, {}).replace("<pre>", '<pre tabindex="0">')
    # Safe: with html=False the parser escapes raw HTML.
    return Rendered(
        title=title,
        sections=tuple(sections),
        html=Markup(html),  # nosec B704
        pictures=MappingProxyType(shown),
    )


def anchor_of(heading: str) -> str:
    """The anchor of a heading, as GitHub makes it.

    >>> anchor_of("To change X, edit `Y`")
    'to-change-x-edit-y'
    """
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _lead(tokens: Sequence[Token], folder: Path, names: Mapping[Path, str], shown: dict[str, Path]) -> None:
    """Makes links and pictures lead into the guide; a link that cannot becomes plain text."""
    plain = False
    for token in tokens:
        if token.type == "link_open":
            address = _address(str(token.attrGet("href")), folder, names)
            plain = not address
            token.tag, token.attrs = ("span", {}) if plain else ("a", {"href": address})
            if ELSEWHERE.match(address):
                token.attrs["rel"] = "noopener noreferrer"
        elif token.type == "link_close":
            token.tag = "span" if plain else "a"
        elif token.type == "image":
            file = (folder / str(token.attrGet("src"))).resolve()
            if file.suffix in PICTURES and file.is_relative_to(ASSETS):
                shown[file.name] = file
                token.attrs |= {"src": f"/guide/picture/{quote(file.name)}", "loading": "lazy"}


def _address(link: str, folder: Path, names: Mapping[Path, str]) -> str:
    """Where a link leads in the guide, "" where it leads to none of its pages."""
    if ELSEWHERE.match(link):
        return link
    file, hash_, anchor = link.partition("#")
    if not file:
        return link
    name = names.get(Path(posixpath.normpath(folder / file)))
    return "" if name is None else f"/guide/{name}{hash_}{anchor}"


@cache
def pictures() -> Mapping[str, Path]:
    """The file of each picture that a page shows, by its name."""
    return {name: path for file in pages().values() for name, path in rendered(file).pictures.items()}


def _listed() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    known = pages()
    for heading, names in LISTED.items():
        yield heading, [(name, rendered(known[name]).title) for name in names if name in known]
