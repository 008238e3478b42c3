"""The messages of several processes are read once, in their order, and to the end."""

import subprocess
import sys
from itertools import count
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.tuning.message_log import append_message, follow_messages


@given(st.lists(st.dictionaries(st.text(), st.text()), max_size=6), st.data())
@settings(deadline=None, max_examples=25)
def test_what_comes_in_pieces_is_heard_whole(tmp_path_factory: Any, said: list[dict[str, str]], data: Any) -> None:
    folder = tmp_path_factory.mktemp("said")
    for number, each in enumerate(said):
        append_message(folder / f"{number}", said=each)
    written = b"".join((folder / f"{number}").read_bytes() for number in range(len(said)))
    cut = data.draw(st.integers(0, len(written)))
    pieces, looks = [written[:cut], written[cut:]], count()

    def ended() -> bool:
        """Before each look a piece more is there."""
        look = next(looks)
        with (folder / "news").open("ab") as file:
            file.write(pieces[look])
        return look == 1

    assert [each["said"] for each in follow_messages(folder / "news", ended) if each] == said


def test_what_is_said_just_before_the_end_is_heard(tmp_path: Path) -> None:
    news = tmp_path / "news"

    def ended() -> bool:
        append_message(news, last="word")
        return True

    assert list(follow_messages(news, ended)) == [{"last": "word"}]


def test_nothing_is_heard_of_those_who_never_spoke(tmp_path: Path) -> None:
    assert list(follow_messages(tmp_path / "nobody", lambda: True)) == []


def test_two_who_speak_at_once_do_not_break_each_others_words(tmp_path: Path) -> None:
    news = tmp_path / "news"
    code = "import sys; from pathlib import Path; from app.tuning.message_log import append_message\n"
    code += "for number in range(200):\n"
    code += "    append_message(Path(sys.argv[1]), who=int(sys.argv[2]), number=number, long='x' * 3000)"
    children = [subprocess.Popen([sys.executable, "-c", code, str(news), str(who)]) for who in range(2)]
    assert [each.wait() for each in children] == [0, 0]
    found = list(follow_messages(news, lambda: True))
    for who in range(2):
        assert [each["number"] for each in found if each["who"] == who] == list(range(200))
