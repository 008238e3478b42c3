"""The exported HTML report in a real Chromium without a network: curves are drawn, no text of a sample runs."""

from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from app.exports.write import export_report
from storage.database import open_database
from tests.browser.cases import PROJECT, fill

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a round whose least sure cases hold texts that try to run as script, two of them reviewed."""
    folder = tmp_path_factory.mktemp("report")
    fill(folder / "data")
    with closing(open_database(folder / "data")) as db:
        return export_report(db, PROJECT, folder / "report.html")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_report_opens_offline_and_draws_every_curve(chromium: Browser, report: Path, scheme: str) -> None:
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    context.set_offline(True)
    window = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    window.on("pageerror", lambda error: said.append(str(error)))
    window.on("console", lambda message: said.append(message.text))
    window.on("request", lambda request: asked.append(request.url))
    window.goto(report.as_uri())
    expect(window.locator(".js-plotly-plot .main-svg .scatterlayer")).to_have_count(12)
    expect(window.locator(".case").first).to_contain_text("mistake step")
    assert window.evaluate("[...document.images].every(image => image.naturalWidth > 0)")
    assert window.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert window.evaluate("window.xss") is None
    assert not said, "no error, and nothing that the content policy had to stop"
    assert [url for url in asked if not url.startswith("data:")] == [report.as_uri()]
    context.close()


def test_a_curves_words_are_readable_in_either_theme(chromium: Browser, report: Path) -> None:
    shades = {}
    for scheme in ("light", "dark"):
        context = chromium.new_context(color_scheme=scheme)  # type: ignore[arg-type]
        window = context.new_page()
        window.goto(report.as_uri())
        legend = window.locator(".legendtext").first
        expect(legend).to_be_visible()
        shades[scheme] = legend.evaluate("element => getComputedStyle(element).fill")
        context.close()
    assert shades == {"light": "rgb(28, 35, 45)", "dark": "rgb(230, 234, 240)"}
