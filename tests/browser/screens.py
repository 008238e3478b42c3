"""Pictures of every tab at the widths that people have, light and dark, to be looked at.

A test takes them into its own folder; ``make screenshots`` takes them into ``assets/screenshots``, for the README.
"""

import os
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from app.web.page.place import TABS
from tests.servers.app_server import Served

WIDTHS = (1280, 1600)
SCHEMES = ("light", "dark")
HEIGHT = 900
PLOTS = {"review": "#curve", "tuning": "#progress"}


def screens_folder(otherwise: Path) -> Path:
    """Where the pictures go: the folder that the environment names, else the test's own."""
    folder = Path(os.environ.get("SWITCHPOINT_SCREENSHOTS") or otherwise)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def take_screens(chromium: Browser, served: Served, project: str, folder: Path) -> list[Path]:
    """A picture of each tab, width and scheme; fails where a page scrolls sideways or nothing is painted."""
    taken = []
    for scheme in SCHEMES:
        context = chromium.new_context(color_scheme=scheme)
        page = context.new_page()
        for tab in TABS:
            _open(page, served, project, tab)
            taken += [_picture(page, width, folder / f"{tab}-{width}-{scheme}.png") for width in WIDTHS]
        context.close()
    return taken


def _open(page: Page, served: Served, project: str, tab: str) -> None:
    at = "&round=0" if tab in ("review", "skills", "selection") else ""
    page.goto(f"{served.url}/?project={project}&tab={tab}{at}")
    expect(page.locator("#head .head")).to_have_attribute("data-tab", tab)
    if tab in PLOTS:
        expect(page.locator(f"{PLOTS[tab]} .main-svg").first).to_be_visible()


def _picture(page: Page, width: int, target: Path) -> Path:
    page.set_viewport_size({"width": width, "height": HEIGHT})
    page.wait_for_timeout(500)  # fonts, images and plots settle
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{target.stem} scrolls sideways"
    page.screenshot(path=target)
    with Image.open(target) as picture:
        assert sum(map(bool, picture.convert("L").histogram())) > 8, f"{target.stem} is blank"
        picture.save(target, optimize=True)
    return target
