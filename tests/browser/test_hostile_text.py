"""Text that tries to be more than text, through everything a person or a model can write, in a real Chromium.

The page's policy is switched off for most of these tests: escaping alone must hold. One test keeps it and looks that
it has nothing to do.
"""

import csv
import json
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote, urlencode

import httpx
import pytest
from playwright.sync_api import Browser, Error, Page, expect

from app.web.page.place import TABS
from storage import store
from storage.database import open_database
from tests.browser import hostile_project
from tests.browser.hostile import CORPUS, WRAPPED
from tests.browser.hostile_project import PROJECT, SUPPORT, import_file
from tests.browser.importing import found, look_at
from tests.browser.watch import Watch, watching
from tests.browser.windows import empty
from tests.servers.app_server import Served

pytestmark = [pytest.mark.browser, pytest.mark.slow]
fill = hostile_project.fill
AT = {"project": PROJECT, "round": "0"}
PRESS_ALL = """() => {
  if (!window.pressed) document.querySelectorAll('a, button').forEach(each => each.click());
  window.pressed = true;
  return window.__pwned; }"""
PAINTED = """sample => {
  const [plot, form, live] = ['#curve .plot', 'form.editor', '#editor .live'].map(each => document.querySelector(each));
  return plot.dataset.sample === sample && form.dataset.sample === sample && live.dataset.skill === form.skill.value
    && !live.querySelector('[data-waiting=yes]'); }"""
HOVER = """() => { const plot = document.querySelector('#curve .plot');
  Plotly.Fx.hover(plot, plot.data.map((_, curveNumber) => ({curveNumber, pointNumber: 1}))); }"""

# Waited for in the page itself, because the retries of ``expect`` are a second apart.
SEARCHED = "start => (document.querySelector('[data-search]') || {value: ''}).value.startsWith(start)"
TOLD = "said => (document.querySelector('#notice .error') || document.head).textContent.includes(said)"


@pytest.fixture(scope="module")
def watched(chromium: Browser, served: Served) -> Iterator[Watch]:
    """A window without the page's policy: what is not escaped would really run."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, bypass_csp=True)
    context.set_default_timeout(30_000)
    yield watching(context, served.url)
    context.close()


@pytest.fixture
def watch(watched: Watch, served: Served) -> Iterator[Watch]:
    """That window, emptied after each test."""
    yield watched
    empty(watched.page, served.url)
    watched.forget()


@pytest.fixture(scope="module")
def questions(served: Served) -> dict[str, str]:
    """The hostile question of each sample id, as the page should show it."""
    with closing(open_database(served.data)) as db, db.read() as connection:
        known = store.samples_of(connection, project=store.project_named(connection, PROJECT).id, role="validation")
        return {str(sample.id): sample.question.replace("\x00", "\ufffd") for sample in known}


def test_every_text_of_the_corpus_works_where_it_is_not_escaped(watch: Watch) -> None:
    assert len(CORPUS) >= 45
    written = [""]
    watch.page.route(
        "http://page.invalid/", lambda route: route.fulfill(body=written[0], content_type="text/html; charset=utf-8")
    )
    for group, wrapped in WRAPPED.items():
        for text in group:
            watch.forget()
            written[0] = f"<!doctype html><body>{wrapped(text)}"
            assert works(watch), text


def works(watch: Watch) -> bool:
    """Whether the page at page.invalid runs its script or asks the evil host, at once or when its links are pressed."""
    with suppress(Error):  # it navigated away at once, or pressing did nothing
        watch.page.goto("http://page.invalid/")
        if not any("evil.invalid" in url for url in watch.asked):
            watch.page.wait_for_function(PRESS_ALL, timeout=5000, polling=40)
            return True
    return any("evil.invalid" in url for url in watch.asked)


def test_each_case_shows_its_text_as_it_was_written(watch: Watch, served: Served, questions: dict[str, str]) -> None:
    page = watch.page
    visit(page, served, "review")
    for opened in range(len(CORPUS)):
        sample = page.locator("form.editor").get_attribute("data-sample") or ""
        page.wait_for_function(PAINTED, arg=sample)
        assert page.locator("#case h2.question").evaluate("each => each.textContent") == questions[sample]
        page.evaluate("document.querySelectorAll('#case-side details').forEach(each => { each.open = true; })")
        page.evaluate(HOVER)
        watch.nothing_happened(questions[sample])
        if opened < len(CORPUS) - 1:
            page.keyboard.press("j")
            page.wait_for_selector(f"form.editor:not([data-sample='{sample}'])")


def test_skills_with_their_samples_opened(watch: Watch, served: Served) -> None:
    visit(watch.page, served, "skills")
    opened = watch.page.locator("#skills details.behind")
    expect(opened.first).to_be_visible()
    opened.evaluate_all("found => found.forEach(each => { each.open = true; })")
    expect(watch.page.locator("#skills .card:visible").first).to_be_visible()
    watch.nothing_happened("skills")


def test_every_page_of_a_selection(watch: Watch, served: Served) -> None:
    for start in range(0, len(CORPUS), 25):
        visit(watch.page, served, "selection", hits=str(start))
        expect(watch.page.locator("#selection table.hits td").first).to_be_visible()
        watch.nothing_happened(f"selection from {start}")


def test_tuning_shows_the_run_and_the_failed_jobs(watch: Watch, served: Served) -> None:
    visit(watch.page, served, "tuning")
    expect(watch.page.locator("#progress .plot .main-svg").first).to_be_visible()
    expect(watch.page.locator("#tray .job.failed")).to_have_count(4)
    watch.nothing_happened("tuning")


@pytest.mark.parametrize("group", ["fixed", "still_wrong"])
def test_a_comparison_of_two_rounds(watch: Watch, served: Served, group: str) -> None:
    for start in range(0, len(CORPUS) // 2, 10):
        visit(watch.page, served, "comparison", set="validation", show=group, at=str(start))
        expect(watch.page.locator("#comparison .pair").first).to_be_visible()
        watch.nothing_happened(f"{group} from {start}")


def test_a_report_of_refused_rows_and_a_file_of_a_hostile_name(watch: Watch, served: Served, tmp_path: Path) -> None:
    page, file = watch.page, import_file(tmp_path)
    visit(page, served, "data")
    look_at(page, "validation", file=file)
    expect(found(page).locator(".refused tbody tr")).to_have_count(len(CORPUS))
    watch.nothing_happened("what was found")
    page.reload()
    expect(found(page).locator(".refused tbody tr")).to_have_count(len(CORPUS))
    watch.nothing_happened("what was found, again")
    page.get_by_role("button", name="Give up").click()
    page.locator("#ask-yes").click()
    look_at(page, "validation", path=str(file.with_suffix(".gone")))
    expect(page.locator("#notice .error")).to_contain_text("There is no file or folder")
    watch.nothing_happened("the path")


def test_a_table_of_hostile_columns_and_cells(watch: Watch, served: Served, tmp_path: Path) -> None:
    page, file = watch.page, tmp_path / "table.csv"
    with file.open("w", newline="", encoding="utf-8") as written:
        rows = csv.writer(written)
        texts = [text.replace("\x00", "").replace("\n", " ") for text in CORPUS]
        rows.writerow(["question", "answer", "options", *dict.fromkeys(texts[:20])])
        for text in texts:
            rows.writerow([text, "x", json.dumps([text, "x"]), *dict.fromkeys(texts[:20])])
    visit(page, served, "data")
    look_at(page, "validation", path=str(file))
    expect(found(page).locator(".preview tbody tr")).to_have_count(5)
    watch.nothing_happened("the preview")
    found(page).get_by_role("combobox", name="category", exact=True).select_option(texts[0])
    expect(found(page).get_by_role("combobox", name="category", exact=True)).to_have_value(texts[0])
    watch.nothing_happened("a mapping")
    page.get_by_role("button", name="Give up").click()
    expect(page.locator("#import-form")).to_be_visible()


def test_labels_names_of_models_and_prompts_that_carry_each_text(watch: Watch, served: Served) -> None:
    page = watch.page
    visit(page, served, "data", check=SUPPORT)
    for judged in range(1, 11):
        page.keyboard.press("y")
        expect(page.locator("#check")).to_contain_text(f"{judged} judged")
        watch.nothing_happened(f"label {judged}")
    page.locator("#prompts summary").click()
    for text in [text for text in CORPUS[::4] if text.strip() and "\x00" not in text]:
        page.get_by_label("teacher.cue").fill(text.replace("{", "{{").replace("}", "}}"))
        page.locator("form.prompt", has=page.get_by_label("teacher.cue")).get_by_role("button", name="Save").click()
        expect(page.locator("#prompts .unsaved:not([hidden])")).to_have_count(0)
        watch.nothing_happened(f"prompt {text[:80]}")


def test_links_that_carry_each_text(watch: Watch, served: Served) -> None:
    page = watch.page
    visit(page, served, "review")
    for number, text in enumerate(CORPUS):
        page.evaluate("name => { document.cookie = `switchpoint-reviewer=${name}; path=/`; }", quote(text[:100]))
        changes = dict.fromkeys(("text", "skill", "category", "verdict", "from", "show"), text[:150] or "x")
        page.evaluate("changes => { wb.url(changes); wb.send('nav'); }", changes | {"text": f"{number} {text[:150]}"})
        page.wait_for_function(SEARCHED, arg=f"{number} ")
        watch.nothing_happened(f"filters {text[:80]}")


def test_the_dialog_for_many_cases(watch: Watch, served: Served) -> None:
    page = watch.page
    visit(page, served, "skills")
    for text in CORPUS[::3]:
        skill = text[-200:].replace("\x00", "\ufffd")
        page.evaluate("sent => wb.send('bulk-plan', sent)", {"act": "renamed", "of": skill, "skill": f"{skill[:190]}x"})
        page.wait_for_function(
            "of => (document.getElementById('bulk-dialog') || {dataset: {}}).dataset.of === of", arg=skill
        )
        watch.nothing_happened(f"dialog for {skill}")


def test_a_conflict_shows_both_versions(watch: Watch, served: Served, questions: dict[str, str]) -> None:
    page = watch.page
    visit(page, served, "review")
    for sample, text in list(questions.items())[::3]:
        mine = {"skill": text[:200], "note": text[:4000], "answer": text[:2000], "verdict": "accepted", "step": "1"}
        page.evaluate("sent => wb.act('verdict', sent)", AT | mine | {"sample": sample, "seen": "0"})
        page.wait_for_selector(f"form.editor[data-sample='{sample}'] .conflict")
        watch.nothing_happened(f"conflict over {text}")


def test_the_report_that_opens_offline(watch: Watch, served: Served, questions: dict[str, str]) -> None:
    written = [""]
    watch.page.route(
        f"{served.url}/offline", lambda route: route.fulfill(body=written[0], content_type="text/html; charset=utf-8")
    )
    for first in range(0, len(questions), 20):
        asked = AT | {"sample": list(questions)[first : first + 20]}
        report = httpx.get(f"{served.url}/export/report.html", params=asked, timeout=60)
        assert report.status_code == 200
        written[0] = report.text
        watch.page.goto(f"{served.url}/offline")
        markup = watch.page.locator("iframe, object, embed, base, video, audio, math, [srcdoc], [onload], [onerror]")
        assert markup.count() == 0
        watch.nothing_ran(f"report from {first}")


def test_a_project_of_each_name_that_is_not_there(watch: Watch, served: Served) -> None:
    page = watch.page
    visit(page, served, "data")
    for number, text in enumerate(CORPUS[::3]):  # one sentence for all of them
        page.evaluate("project => { wb.url({project}); wb.send('nav'); }", f"{number} {text[:70]}")
        page.wait_for_function(TOLD, arg=f"There is no project '{number} ")
        watch.nothing_happened(f"project {text[:80]}")


# What the policy stops, but for the scripts that stand in Gradio's own document; the event may come late.
STOPPED = """window.stopped = [];
document.addEventListener('securitypolicyviolation', ({violatedDirective, blockedURI, sourceFile}) => {
  const isOfDocument = violatedDirective === 'script-src-elem' && blockedURI === 'inline';
  if (!isOfDocument || !location.href.startsWith(sourceFile)) stopped.push([violatedDirective, blockedURI, sourceFile]);
});"""


def test_the_policy_has_nothing_to_stop(chromium: Browser, served: Served) -> None:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(30_000)
    context.add_init_script(STOPPED)
    watch = watching(context, served.url)
    for tab in TABS:
        visit(watch.page, served, tab)
        watch.nothing_happened(tab)
        assert watch.page.evaluate("window.stopped") == [], tab
    context.close()


def visit(page: Page, served: Served, tab: str, **choices: str) -> None:
    """Open a tab of the hostile project, and wait until it is painted."""
    page.goto(f"{served.url}/?{urlencode({'project': PROJECT, 'round': '0', 'tab': tab} | choices)}")
    expect(page.locator("#head .head")).to_have_attribute("data-tab", tab)
    expect(page.locator("#head .head")).to_have_attribute("data-project", PROJECT)
