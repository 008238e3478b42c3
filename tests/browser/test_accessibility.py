"""What axe-core says about every tab and dialog, light and dark; the contrast it leaves open; and focus that is seen.

On the project of ``hostile_project``: it holds whatever the page can show, with texts of every length and script.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser import hostile_project
from tests.browser.hostile_project import PROJECT
from tests.browser.windows import Windows
from tests.servers.app_server import Served, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow]
fill = hostile_project.fill
# What is there when a tab is painted whole.
PAINTED = {
    "data": "#overview table",
    "review": "#editor .live[data-skill]",
    "skills": "#skills .skill",
    "selection": "#selection table.hits",
    "tuning": "#progress .main-svg",
    "comparison": "#comparison .pair",
    "experiments": "#experiment-tables p",
}
OPEN_ALL = "() => document.querySelectorAll('details').forEach(each => { each.open = true; })"
# Colours as the screen shows them: of the text, and of the nearest opaque background behind it.
CONTRAST = """async selector => {
  await Promise.all(document.activeElement.getAnimations().map(each => each.finished));  // a ring has faded in
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = colour => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = colour => {
    const [r, g, b] = colour.map(part => part / 255).map(x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = each => {
    for (let at = each; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  const ratio = (one, other) => {
    const [a, b] = [light(one), light(other)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  };
  return [...document.querySelectorAll(selector)].filter(each => each.checkVisibility()).map(each => {
    const style = getComputedStyle(each), ground = behind(each);
    const text = rgba(each instanceof SVGElement ? style.fill : style.color);
    const ring = style.outlineStyle === 'none' ? 0 : ratio(rgba(style.outlineColor), behind(each.parentElement));
    return {
      what: each.outerHTML.slice(0, 90), text: ratio(text, ground), ring, width: parseFloat(style.outlineWidth),
      seen: each.getBoundingClientRect().width > 4 && each.getBoundingClientRect().height > 4,
    };
  });
}"""


@pytest.fixture(params=["light", "dark"])
def page(request: pytest.FixtureRequest, windows: Windows, served: Served) -> Iterator[Page]:
    """A window in each colour scheme."""
    window = windows.take(color_scheme=request.param)
    yield window
    windows.give_back(window, served.url, color_scheme=request.param)


@pytest.mark.parametrize("tab", PAINTED)
def test_a_tab_has_no_serious_violation(page: Page, served: Served, tab: str) -> None:
    visit(page, served, tab)
    page.evaluate(OPEN_ALL)
    assert violations(page) == []
    assert [each for each in colours(page, UNDECIDED) if each["text"] < 4.5] == []


# axe leaves these open: text on a gradient (the arrow of a select), before a pseudo-element, of one sign, or in a plot.
UNDECIDED = "select, button[role=tab], .case-row .sign, .plot text, .badge"


@pytest.mark.parametrize("name", ["help", "new-project", "who", "reading-dialog", "zoom", "bulk-dialog"])
def test_a_dialog_has_no_serious_violation(page: Page, served: Served, name: str) -> None:
    visit(page, served, "review")
    page.evaluate("name => name === 'bulk-dialog' ? wb.askBulk() : name === 'zoom' ? wb.zoom() : wb.open(name)", name)
    expect(page.locator(f"dialog#{name}")).to_be_visible()
    assert violations(page) == []


@pytest.mark.parametrize("name", ["user-guide", "method", "benchmarks", "decisions"])
def test_a_page_of_the_guide_has_no_serious_violation(page: Page, served: Served, name: str) -> None:
    page.goto(f"{served.url}/guide/{name}")
    expect(page.locator("nav [aria-current=page]")).to_be_visible()
    assert violations(page) == []


def test_a_notice_a_conflict_and_the_misread_field_have_no_serious_violation(page: Page, served: Served) -> None:
    visit(page, served, "review")
    mine = {"project": PROJECT, "round": "0", "sample": "1", "seen": "0", "step": "1", "skill": "x", "note": "y"}
    page.evaluate("sent => wb.act('verdict', sent)", mine | {"verdict": "misread", "answer": "z"})
    expect(page.locator("form.editor .conflict")).to_be_visible()
    expect(page.locator("form.editor .misread")).to_be_visible()
    assert violations(page) == []
    page.evaluate("() => { wb.url({project: 'gone'}); wb.send('nav'); }")
    expect(page.locator("#notice .error")).to_be_visible()
    assert violations(page) == []


def test_a_page_without_any_project_has_no_serious_violation(page: Page, tmp_path: Path) -> None:
    with serving(tmp_path / "data") as running:
        for tab in PAINTED:
            page.goto(f"{running.url}/?tab={tab}")
            expect(page.locator("#head .head")).to_have_attribute("data-tab", tab)
            expect(page.locator("#hint")).to_contain_text("Start with a project")
            assert violations(page) == [], tab


@pytest.mark.parametrize("tab", PAINTED)
def test_whatever_the_tab_key_reaches_shows_that_it_has_the_focus(page: Page, served: Served, tab: str) -> None:
    visit(page, served, tab)
    page.evaluate(OPEN_ALL)
    page.locator("#head .brand").focus()
    reached = set()
    for _ in range(200):
        page.keyboard.press("Tab")
        found = colours(page, ":focus")
        if not found:
            break
        (focused,) = found
        reached.add(focused["what"])
        assert focused["seen"], focused
        assert focused["width"] >= 2, focused
        assert focused["ring"] >= 3, focused
    assert len(reached) > 10


def visit(page: Page, served: Served, tab: str) -> None:
    """Open a tab of the project and wait until it is whole; Tuning with its settings open."""
    page.goto(f"{served.url}/?project={PROJECT.replace('=', '%3D')}&round=0&set=validation&tab={tab}")
    expect(page.locator("#head .head")).to_have_attribute("data-tab", tab)
    expect(page.locator(PAINTED[tab]).first).to_be_visible()
    if tab == "tuning":
        page.get_by_role("button", name="Settings of the next run").click()
        expect(page.locator("#set-rank input")).to_be_visible()


def violations(page: Page) -> list[str]:
    """The serious and critical ones, each with the elements it is about."""
    found = Axe().run(page).response["violations"]
    return [
        f"{each['impact']} {each['id']}: {node['target']} {node['html'][:120]} ({node.get('failureSummary', '')[:200]})"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


def colours(page: Page, selector: str) -> list[dict[str, Any]]:
    """Contrast of text and focus ring of the visible elements of a selector."""
    found: list[dict[str, Any]] = page.evaluate(CONTRAST, selector)
    return found
