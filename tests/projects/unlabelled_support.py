"""A support set without labels, and a model that labels it, for tests of labelling in batches."""

import hashlib
from typing import Any

from core.types import Sample
from storage import store
from storage.database import Database
from tests.projects.demo_mistakes import fill

KEY = "sk-test-0a1b2c3d4e5f6a7b"


class Quick:
    """Names a skill that is a hash of the question, so that a label shows which request it came from."""

    def first_token(self, messages: list[dict[str, Any]]) -> list[tuple[str, float]]:
        return [("A", -0.1), *((f"x{number}", -9.0 - number) for number in range(20))]

    def reply(self, messages: list[dict[str, Any]], max_tokens: int, temperature: float, seed: int) -> str:
        return f"Skill {hashlib.sha256(messages[-1]['content'].encode()).hexdigest()[:12]}. And more."

    def tokens(self, text: str) -> int:
        return len(text) // 4 + 1


def bare(db: Database, teacher: str, count: int, *, name: str = "bare", project: str = "p", start: int = 0) -> None:
    """A project with that teacher, and an unlabelled support set in which every tenth question occurs twice."""
    with db.read() as connection:
        known = [each.name for each in store.list_projects(connection)]
    if project not in known:
        fill(db, project, teacher=teacher, count=1)
    samples = [
        Sample(
            source_id=f"{n}",
            task=f"sums {n % 3}",
            question=f"Add the numbers.\nWhat is {n - n % 10 // 9} plus 1?",
            answer=str(n - n % 10 // 9 + 1),
        )
        for n in range(start, start + count)
    ]
    with db.write() as connection:
        store.save_samples(connection, project=None, role="support", name=name, samples=samples, images={})


def labels(db: Database, name: str = "bare") -> dict[str, str]:
    """The set's labels by source id, "" for a sample without one."""
    with db.read() as connection:
        return {each.source_id: each.skill_label for each in store.support_samples(connection, name)}
