"""Templates: every value is escaped, a missing one is an error, and nothing but rendering makes markup."""

import re
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from app.rendering.templates import TEMPLATES, environment, macro
from tests.app.html_page import read_page

ROOT = Path(__file__).resolve().parents[3]
MAY_MAKE_MARKUP = {
    "app/exports/report_cases.py",  # plotly's own HTML
    "app/exports/round_report.py",  # plotly.js and a style sheet of this package
    "app/rendering/templates.py",
    "app/web/routes/guide.py",
}  # in the guide markdown-it has escaped raw HTML
LINES = """
<p class="a"
  title="b">
  one
  two <b>{{ 3 }}</b>
  {% if true %}
  four
  {% endif %}
</p>
"""


def rendered(source: str, **values: object) -> str:
    return environment().from_string(source).render(values)


@pytest.mark.parametrize("text", ["<b>", "&lt;b&gt;", "\"'><script>x</script>", "{{ 1 + 1 }} {% raw %}"])
def test_a_value_is_text_and_reads_as_it_was_written(text: str) -> None:
    page = read_page(rendered("{{ value }}", value=text))
    assert (page.text, page.tags) == (text, set())
    assert text not in rendered('<i title="{{ value|short }}">', value=text) or not set(text) & set("<>&\"'")


def test_markup_stays_markup() -> None:
    assert rendered("{{ value }}", value=Markup("<b>1</b>")) == "<b>1</b>"
    assert macro("nav", "?a=1&b=2", "<i>") == '<a class="" href="?a=1&amp;b=2" data-nav>&lt;i&gt;</a>'


def test_what_no_answer_could_carry_is_replaced() -> None:
    assert rendered("{{ value }}", value="a\x00b\udc80c") == "a�b?c"
    assert len(rendered("{{ value }}", value="x" * 50_000)) == 20_002


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        rendered("<p>{{ missing }}</p>")


def test_line_breaks_lay_a_template_out_and_are_no_text() -> None:
    assert rendered(LINES) == '<p class="a" title="b">one two <b>3</b>four</p>'


def test_further_arguments_of_a_command_are_its_data() -> None:
    button = macro("command", "cancel", "Cancel", "quiet", "Stop it", job=3, sent_by='"')
    assert button == (
        '<button type="button" class="quiet" data-cmd="cancel" data-job="3" data-sent-by="&#34;" title="Stop it">'
        "Cancel</button>"
    )


def test_no_template_turns_escaping_off() -> None:
    names = list(TEMPLATES.rglob("*.html"))
    assert names
    for path in names:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\|\s*safe\b|autoescape|Markup", text), path


def test_only_rendering_makes_markup() -> None:
    made = {str(path.relative_to(ROOT)) for path in (ROOT / "app").rglob("*.py") if "Markup(" in path.read_text()}
    assert made <= MAY_MAKE_MARKUP
