"""The documentation holds together: sizes, links, the page of commands, the tree of folders, and the paths it names."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.docs.command_line import PAGE, page
from tests.docs.markdown import DOCS, PAGES, ROOT, anchors, code, documents, links

README_BYTES = 10 * 1024
DECISIONS = ROOT / "assets" / "decisions"
GAPS = {13, 33}
NAMES_IN = re.compile(r"`((?:app|core|storage)/[\w/]+\.py)` \(((?:`\w+`(?:, )?)+)")  # `file` (`name`, `name`)


def test_the_readme_is_short_and_leads_to_every_page() -> None:
    readme = ROOT / "README.md"
    assert readme.stat().st_size <= README_BYTES
    led_to = set(links(readme))
    assert {f"assets/docs/{name}.md" for name in (*PAGES, "CHANGELOG")} <= led_to
    assert ".github/CONTRIBUTING.md" in led_to


def test_every_page_is_there_and_says_what_it_is_for() -> None:
    assert {path.stem for path in DOCS.glob("*.md")} == {*PAGES, "CHANGELOG"}
    for path in DOCS.glob("*.md"):
        lines = path.read_text().splitlines()
        assert lines[0].startswith("# "), f"{path.name} begins with its title"
        assert re.match(r"[A-Z]", lines[2]), f"{path.name} begins with a paragraph that says what it is for"


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    for link in links(path):
        if re.match(r"https?://", link):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), f"{path.name} links to {link}, which is not there"
        assert target.is_relative_to(ROOT)
        assert not anchor or anchor in anchors(target), f"{path.name} links to {link}: no heading of that name"


def test_the_page_of_commands_is_what_the_commands_say() -> None:
    text = PAGE.read_text()
    assert text == page(text), "run `make docs`: the commands have changed"


def test_the_tree_shows_every_folder_and_no_other() -> None:
    block = re.search(r"```tree\n(.*?)```", (DOCS / "architecture.md").read_text(), re.DOTALL)
    assert block, "architecture.md has no ```tree block"
    shown: list[str] = []
    folders: list[str] = []
    for line in block[1].splitlines():
        entry = re.match(r"( *)(\w+)/  +\S", line)
        assert entry, f"a tree line without a note: {line!r}"
        folders = [*folders[: len(entry[1]) // 2], entry[2]]
        shown.append("/".join(folders))
    listed = subprocess.run(
        ["git", "ls-files", "app", "core", "storage"], capture_output=True, text=True, cwd=ROOT, check=True
    )
    there = {str(parent) for name in listed.stdout.split() for parent in Path(name).parents} - {"."}
    there = {each for each in there if not each.startswith("app/web/templates/")}  # a folder for each tab again
    assert set(shown) == there, f"more or fewer than there are: {sorted(set(shown) ^ there)}"
    assert len(shown) == len(set(shown))


@pytest.mark.parametrize(
    "path", [p for p in documents() if p.parent.name in ("docs", ".github")], ids=lambda path: path.stem
)
def test_files_that_pages_name_are_there(path: Path) -> None:
    for text in code(path):
        for name in re.findall(r"\b(?:app|core|storage|assets|tests)/[\w./-]+", text):
            if not re.search("[…<]", text):
                assert (ROOT / name).exists(), f"{path.name} names {name}, which is not there"


def test_names_beside_a_file_are_in_it() -> None:
    text = (DOCS / "architecture.md").read_text()
    found = [(file, name) for file, names in NAMES_IN.findall(text) for name in re.findall(r"`(\w+)`", names)]
    assert len(found) > 5
    for file, name in found:
        assert re.search(rf"\b{name}\b", (ROOT / file).read_text()), f"architecture.md: there is no {name} in {file}"


def test_decisions_keep_their_numbers_and_the_list_shows_all() -> None:
    names = sorted(path.name for path in DECISIONS.glob("[0-9]*.md"))
    numbers = [int(name[:4]) for name in names]
    assert set(numbers) | GAPS == set(range(1, max(numbers) + 1))
    assert len(numbers) == len(set(numbers))
    assert not GAPS & set(numbers)
    assert [link for link in links(DECISIONS / "README.md") if link[0].isdigit()] == names
    said = (DECISIONS / "README.md").read_text()
    assert all(f"{number:04}" in said for number in GAPS)


def test_the_changelog_begins_with_what_is_unreleased() -> None:
    headings = re.findall(r"^## (.+)$", (DOCS / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "Unreleased"
