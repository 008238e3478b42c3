"""Labelling in batches on the Data tab, in a real Chromium: handed in, shown while it is under way, collected."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.endpoints.spending import set_spending
from storage.database import open_database
from tests.projects.unlabelled_support import KEY, Quick, bare
from tests.servers.app_server import Served, serving
from tests.servers.batch_api import BatchRoom
from tests.servers.openai_server import MODEL, Manners, OpenAIServer, openai_server

pytestmark = pytest.mark.browser
TEACHER = f"openai:{MODEL}"
JOB_MS = 120_000


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with openai_server(Quick(), Manners(key=KEY)) as running:
        running.batches = BatchRoom(ends="")
        yield running


@pytest.fixture
def served(tmp_path: Path, server: OpenAIServer) -> Iterator[Served]:
    with closing(open_database(tmp_path / "files" / "data")) as db:
        bare(db, TEACHER, 20)
        bare(db, "assets/demo/teacher", 20, project="here")
        set_spending(db, "p", prices=[(TEACHER, 100.0, 1000.0)])
    with serving(db.data, OPENAI_API_KEY=KEY, OPENAI_BASE_URL=server.url) as running:
        yield running


def test_questions_are_handed_in_and_their_answers_collected(page: Page, served: Served, server: OpenAIServer) -> None:
    page.goto(f"{served.url}/?project=p&tab=data&label=bare")
    panel = page.locator("#labelling section")
    costs = panel.get_by_role("cell", name="about $")
    expect(costs).to_have_count(4)
    whole, _, half, _ = (float(each.removeprefix("about $")) for each in costs.all_inner_texts())
    assert half == pytest.approx(whole / 2, rel=0.01)
    panel.get_by_role("button", name="By sample, in batches").click()
    collect = panel.get_by_role("button", name="Collect what is ready")
    expect(collect).to_be_visible(timeout=JOB_MS)
    expect(panel.get_by_role("row", name="openai:demo-teacher")).to_contain_text("18")
    expect(panel.get_by_role("button", name="Label by sample")).to_have_count(0)
    assert server.batches is not None
    server.batches.ends = "completed"
    collect.click()
    expect(page.locator("#supports")).to_contain_text("complete", timeout=JOB_MS)
    expect(panel).to_have_count(0)
    expect(page.locator("#spending")).to_contain_text("tokens in batches")


def test_a_teacher_on_this_machine_is_offered_no_batches(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/?project=here&tab=data&label=bare")
    panel = page.locator("#labelling section")
    expect(panel.get_by_role("button", name="Label by sample")).to_be_visible()
    expect(panel.get_by_text("none: it runs here")).to_have_count(2)
    expect(panel.get_by_role("button", name="in batches")).to_have_count(0)
