"""The documentation's Markdown files as the tests read them: links, anchors of headings, and the paths they name."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "assets" / "docs"
PAGES = (
    "user-guide", "data-formats", "models-and-endpoints", "tuning", "cluster", "command-line", "method", "results",
    "benchmarks", "reliability", "security", "architecture",
)  # fmt: skip


def documents() -> list[Path]:
    """Every Markdown file that people are meant to read."""
    folders = (DOCS, ROOT / "assets" / "decisions", ROOT / "assets" / "demo", ROOT / ".github")
    return [ROOT / "README.md", *(each for folder in folders for each in sorted(folder.glob("*.md")))]


def tokens(path: Path) -> Iterator[Any]:
    """The file's tokens, those inside of lines included."""
    for token in MarkdownIt("commonmark").enable("table").parse(path.read_text()):
        yield token
        yield from token.children or ()


def links(path: Path) -> list[str]:
    """Where its links and pictures lead."""
    found = [token.attrGet("href" if token.type == "link_open" else "src") for token in tokens(path)]
    return [str(each) for each in found if each]


def anchors(path: Path) -> set[str]:
    """The anchors of its headings, as GitHub makes them."""
    lines = list(tokens(path))
    titles = [after.content for token, after in pairwise(lines) if token.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def code(path: Path) -> list[str]:
    """Its pieces of code inside of lines."""
    return [token.content for token in tokens(path) if token.type == "code_inline"]
