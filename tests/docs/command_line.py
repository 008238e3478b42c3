"""The commands of ``switchpoint`` as the page ``assets/docs/command-line.md``: ``python -m tests.docs.command_line``.

The text is Typer's own (``typer utils docs``), from the very commands. The options that every command takes are left
out, since the page says them once; so are the lists of commands, which Typer cuts short.
"""

import re
from pathlib import Path

import typer
from typer.cli import get_docs_for_click

from app.cli.main import cli

PAGE = Path(__file__).resolve().parent.parent.parent / "assets" / "docs" / "command-line.md"
BEGIN, END = "<!-- commands: written by python -m tests.docs.command_line -->", "<!-- end of commands -->"
EVERYWHERE = re.compile(r"^\* `--(?:data|json|help)\b.*\n", re.MULTILINE)
EMPTY = re.compile(r"^\*\*Options\*\*:\n\n(?!\*)", re.MULTILINE)
LISTS = re.compile(r"^\*\*Commands\*\*:\n\n(?:\* .*\n)+\n", re.MULTILINE)
BLANKS = re.compile(r"\n(?=\n\n)")
PLAIN_SWITCH = re.compile(r"  \[default: no-[a-z-]+\]$", re.MULTILINE)


def commands() -> str:
    """Links to the commands, then each with its arguments and options: a heading of level 3, or 4 in a group."""
    root = typer.main.get_command(cli)
    said = get_docs_for_click(obj=root, ctx=typer.Context(root), name="switchpoint", indent=1)
    said = said[said.index("\n### ") + 1 :]
    for left_out in (EVERYWHERE, LISTS, PLAIN_SWITCH, EMPTY):
        said = left_out.sub("", said)
    names = re.findall(r"^#+ `(switchpoint .+)`$", said, re.MULTILINE)
    contents = " · ".join(f"[{name.partition(' ')[2]}](#{name.replace(' ', '-')})" for name in names)
    return f"{contents}\n\n{BLANKS.sub('', said).strip()}"


def page(text: str) -> str:
    """The page with the commands of now between its marks."""
    start, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    return f"{text[:start]}\n\n{commands()}\n\n{text[end:]}"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(PAGE.read_text()))


if __name__ == "__main__":
    main()
