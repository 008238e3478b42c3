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
def test_a_message_that_arrives_in_pieces_is_read_whole(
    tmp_path_factory: Any, said: list[dict[str, str]], data: Any
) -> None:
    folder = tmp_path_factory.mktemp("said")
    for number, each in enumerate(said):
        append_message(folder / f"{number}", said=each)
    written = b"".join((folder / f"{number}").read_bytes() for number in range(len(said)))
    cut = data.draw(st.integers(0, len(written)))
    pieces, looks = [written[:cut], written[cut:]], count()

    def ended() -> bool:
        """Append one more piece before each read."""
        look = next(looks)
        with (folder / "news").open("ab") as file:
            file.write(pieces[look])
        return look == 1

    assert [each["said"] for each in follow_messages(folder / "news", ended) if each] == said


def test_a_message_written_just_before_the_end_is_read(tmp_path: Path) -> None:
    news = tmp_path / "news"

    def ended() -> bool:
        append_message(news, last="word")
        return True

    assert list(follow_messages(news, ended)) == [{"last": "word"}]


def test_a_log_that_was_never_written_has_no_messages(tmp_path: Path) -> None:
    assert list(follow_messages(tmp_path / "nobody", lambda: True)) == []


def test_messages_of_two_processes_do_not_mix(tmp_path: Path) -> None:
    news = tmp_path / "news"
    code = "import sys; from pathlib import Path; from app.tuning.message_log import append_message\n"
    code += "for number in range(200):\n"
    code += "    append_message(Path(sys.argv[1]), who=int(sys.argv[2]), number=number, long='x' * 3000)"
    children = [subprocess.Popen([sys.executable, "-c", code, str(news), str(who)]) for who in range(2)]
    assert [each.wait() for each in children] == [0, 0]
    found = list(follow_messages(news, lambda: True))
    for who in range(2):
        assert [each["number"] for each in found if each["who"] == who] == list(range(200))
