"""The leak check: which support samples also occur in the validation or test set."""

from collections.abc import Callable, Collection

from core.selection.draw import SampleCheck, leak_key
from core.types import Leak, Sample
from storage import store
from storage.database import Database
from storage.images import content_hashes, save_content_hashes
from storage.store import Project


def leak_checker(db: Database, project: Project) -> Callable[[Collection[int]], dict[int, SampleCheck]]:
    """A function that checks whether samples' questions or images also occur in the project's validation or test set.

    It reads an image that is left in its file the first time the image is drawn.
    """
    with db.read() as connection:
        questions: dict[str, int] = {}
        keys: dict[str, int] = {}
        for role in ("validation", "test"):
            for each in store.samples_of(connection, project=project.id, role=role):
                questions.setdefault(leak_key(each.question), each.id)
                keys.setdefault(each.image or "", each.id)
        images, _ = content_hashes(connection, keys.keys() - {""})
    shown: dict[str, int] = {}
    for key, measured in keys.items():
        if key in images:
            shown.setdefault(images[key], measured)

    def check(ids: Collection[int]) -> dict[int, SampleCheck]:
        with db.read() as connection:
            samples = store.samples_by_id(connection, ids)
            contents, fresh = content_hashes(connection, {each.image for each in samples.values() if each.image})
        with db.write() as connection:
            save_content_hashes(connection, fresh)
        return {key: _check_sample(sample, contents.get(sample.image or "")) for key, sample in samples.items()}

    def _check_sample(sample: Sample, content: str | None) -> SampleCheck:
        question, leaks = leak_key(sample.question), []
        if content is not None and content in shown:
            leaks.append(Leak(sample=sample.id, why="image", key=content, measured=shown[content]))
        if question in questions:
            leaks.append(Leak(sample=sample.id, why="question", key=question, measured=questions[question]))
        return SampleCheck(leaks=tuple(leaks), image_hash=content)

    return check
