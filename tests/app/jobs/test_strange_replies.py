"""Jobs over endpoints store no refused, empty, cut or strange reply: they list the samples, and run again ask again."""

from typing import Any

import pytest

from app.jobs.queue import put_diagnose, put_label, put_predict
from app.projects.configuration import project_settings, set_settings
from core.types import Sample
from storage import store
from storage.database import Database
from tests.app.endpoints.test_metered_models import go
from tests.projects.demo_mistakes import fill
from tests.servers.openai_server import Manners, OpenAIServer, openai_server


class Stating:
    """A teacher that votes for A, and states answers where a skill is asked for, unless it is told better."""

    skill = ""

    def first_token(self, messages: list[dict[str, Any]]) -> list[tuple[str, float]]:
        return [("A", -0.1), ("B", -2.5), ("C", -4.0), ("D", -5.0)]

    def reply(self, messages: list[dict[str, Any]], max_tokens: int, temperature: float, seed: int) -> str:
        asked = messages[-1]["content"]
        return self.skill if self.skill and asked.startswith("Name a skill") else "The correct answer is E."

    def tokens(self, text: str) -> int:
        return len(text.split())


def unlabelled(db: Database, count: int) -> None:
    bare = [Sample(source_id=f"l-{n}", question=f"{n} plus 2?", answer="5", response="5") for n in range(count)]
    with db.write() as connection:
        store.save_samples(connection, project=None, role="support", name="bare", samples=bare, images={})


def skills(db: Database, at: int) -> list[str]:
    with db.read() as connection:
        return [each.skill for each in store.diagnoses_of(connection, at)]


def test_what_names_no_skill_twice_is_listed_and_paid_once(db: Database) -> None:
    with openai_server(Stating()) as server:
        at = fill(db, "p", teacher=server.name, count=3)
        unlabelled(db, 2)
        ended = go(db, put_diagnose(db, "p"))
        assert (ended.state, skills(db, at)) == ("done", ["", "", ""])
        assert "3 have no skill named" in ended.message
        assert "validation-0000, validation-0001, validation-0002" in ended.message
        labelled = go(db, put_label(db, "bare", project="p"))
        assert (labelled.state, labelled.done) == ("done", 0)
        assert "2 got no label. l-0, l-1: No skill is named for it" in labelled.message
        paid = len(server.asked)
        assert "2 got no label" in go(db, put_label(db, "bare", project="p")).message
        assert len(server.asked) == paid


def test_a_stricter_prompt_finds_the_skill(db: Database) -> None:
    answers = Stating()
    answers.skill = "adding two numbers"
    with openai_server(answers) as server:
        at = fill(db, "p", teacher=server.name, count=2)
        unlabelled(db, 2)
        assert "no skill" not in go(db, put_diagnose(db, "p")).message
        assert skills(db, at) == ["adding two numbers"] * 2
        assert go(db, put_label(db, "bare", project="p")).done == 2


@pytest.mark.parametrize(
    ("manners", "reason"),
    [
        (Manners(content="thought", finish="length"), "raise the setting max_new_tokens"),
        (Manners(content="null"), "gave an empty reply"),
        (Manners(finish="content_filter"), "held back by a content filter"),
        (Manners(error_in_body={"message": "no provider", "code": 502}), "It says: no provider"),
    ],
)
def test_a_students_reply_that_is_not_whole_is_no_prediction(db: Database, manners: Manners, reason: str) -> None:
    def left(server: OpenAIServer) -> int:
        with db.read() as connection:
            return len(store.missing_predictions(connection, at, "test"))

    with openai_server(Stating(), manners) as server:
        at = fill(db, "p", teacher="t", student=server.name, count=1)
        asked = [Sample(source_id=f"t-{n}", question="Which?", options=("E", "F"), answer="E") for n in range(3)]
        with db.write() as connection:
            store.save_samples(connection, project=1, role="test", samples=asked, images={})
        ended = go(db, put_predict(db, "p"))
        assert (ended.state, left(server)) == ("failed", 3)
        assert reason in ended.error
        server.manners = Manners()
        set_settings(db, "p", {"max_new_tokens": "64"})
        assert go(db, put_predict(db, "p")).state == "done"
        assert left(server) == 0


def test_the_longest_reply_is_fixed_only_where_cut_replies_are_stored(db: Database) -> None:
    with openai_server(Stating()) as server:
        fill(db, "far", teacher="t", student=server.name, count=1)
        fill(db, "near", teacher="t", count=1)
        held = {name: {row.name for row in project_settings(db, name) if row.held} for name in ("far", "near")}
    assert ("max_new_tokens" in held["far"], "max_new_tokens" in held["near"]) == (False, True)
