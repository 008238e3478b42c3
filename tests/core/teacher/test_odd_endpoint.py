"""Teachers behind endpoints that think, refuse, cut off or answer in parts name what the same teacher names plainly."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from core.teacher.endpoint import EndpointTeacher, connect_teacher
from core.teacher.letters import letters_lost
from core.teacher.probe import known_to_vote
from core.types import Curve, EndpointSettings, Prediction, Sample, Settings, Skipped
from tests.servers.openai_server import Kept, Manners, OpenAIServer, endpoint_of, openai_server

SETTINGS = Settings(skill_shots=0)
SKILL = "counting objects in a picture"


class Teacher:
    """Prefers B from the second step on; a list of tokens with letters first."""

    noise = False
    thinks = ""

    def first_token(self, messages: list[dict[str, Any]]) -> list[tuple[str, float]]:
        late = "Step 2:" in messages[-1]["content"]
        best, other = ("B", "A") if late else ("A", "B")
        if self.noise:
            return [(self.thinks or "Okay", -1e-5), ("<", -12.0), (best, -14.5), (other, -16.0)]
        return [(best, -0.2), (other, -1.9), (" C", -3.5), ("D", -5.0), ("The", -6.0)]

    def reply(self, messages: list[dict[str, Any]], max_tokens: int, temperature: float, seed: int) -> str:
        said = (
            self.first_token(messages)[2 if self.noise else 0][0] if self._letter(messages) else self.phrase(messages)
        )
        said = f"{self.thinks}\nThe text says more. Maybe C.\n</think>\n\n{said}" if self.thinks else said
        return " ".join(said.split(" ")[:max_tokens])

    def phrase(self, messages: list[dict[str, Any]]) -> str:
        return SKILL

    def _letter(self, messages: list[dict[str, Any]]) -> bool:
        return "which option" in messages[0]["content"]

    def tokens(self, text: str) -> int:
        return len(text.split(" "))


class Thinker(Teacher):
    noise, thinks = True, "<think>"


class Talker(Teacher):
    noise = True


def a_case(number: int = 1) -> tuple[Sample, Prediction]:
    sample = Sample(
        id=number, source_id=f"s{number}", question=f"How many {number}?", options=("3", "4", "5", "6"), answer="3"
    )
    steps = ("There are balls.", "Some are red.", "So there are four.")
    return sample, Prediction(round=1, sample=number, text="", steps=steps, answer="4", reading="cue", correct=False)


def there(server: OpenAIServer, kept: Kept | None = None, **changed: Any) -> EndpointTeacher:
    settings = replace(EndpointSettings(timeout=10.0, retries=1), **changed)
    return connect_teacher(endpoint_of(server.name), settings, Kept() if kept is None else kept)


def curve(teacher: EndpointTeacher) -> Curve:
    ((_, found),) = teacher.curves([a_case()], SETTINGS)
    assert isinstance(found, Curve), found
    return found


def votes_of(found: Curve) -> list[str]:
    return [found.candidates[row.index(max(row))] for row in found.probabilities]


EXPECTED = ["3", "3", "4", "4"]


@pytest.mark.parametrize(
    ("answers", "manners", "votes"),
    [
        (Teacher, Manners(), 0),
        (Teacher, Manners(logprob_null=True), 0),
        (Thinker, Manners(), 5),
        (Talker, Manners(), 5),
        (Teacher, Manners(logprobs=False, temperature_fixed=True), 5),
        (Teacher, Manners(logprobs=False, temperature_fixed=True, long_name=True), 5),
        (Teacher, Manners(logprobs=False, content="parts"), 5),
        (Teacher, Manners(logprobs=False, several="refused with 500"), 5),
        (Teacher, Manners(logprobs=False, several="refused", temperature_fixed=True), 5),
        (Teacher, Manners(logprobs=False, several="answered with nothing"), 5),
        (Teacher, Manners(logprobs_status=500), 5),
        (Teacher, Manners(logprobs_status=404), 5),
        (Teacher, Manners(thoughts_beside=True), 5),
    ],
    ids=[
        *("plain", "null", "thinks", "talks", "temperature", "names", "parts", "one by one", "both", "nothing"),
        *("500", "404", "thoughts beside"),
    ],
)
def test_the_curve_and_the_skill_are_those_of_the_same_teacher_asked_plainly(
    answers: Callable[[], Teacher], manners: Manners, votes: int
) -> None:
    with openai_server(answers(), manners) as server:
        kept = Kept()
        found = curve(there(server, kept))
        assert (votes_of(found), found.votes) == (EXPECTED, votes)
        assert there(server, kept).complete(["Missing skill:"], 12) == [SKILL]
        whole = dict(kept)
        paid = list(server.asked)
        assert curve(there(server, kept)) == found
        assert there(server, kept).complete(["Missing skill:"], 12) == [SKILL]
        assert dict(kept) == whole, "nothing is paid twice"
        assert len(server.asked) - len(paid) <= 8, "what the probes ask anew each time"


def test_a_teacher_that_thinks_first_is_said_to_and_known_to_vote() -> None:
    with openai_server(Thinker()) as server:
        kept = Kept()
        teacher = there(server, kept)
        assert "thinks before it answers (its first token is '<think>'): 5 sampled replies" in teacher.remark
        assert known_to_vote(endpoint_of(server.name), EndpointSettings(), kept.get) is True


def test_an_impossible_token_is_listed_and_not_bounded() -> None:
    with openai_server(Teacher(), Manners(logprob_null=True, top_given=4)) as server:
        found = curve(there(server))
    assert found.bounded == ()
    assert all(row[3] == 0 for row in found.probabilities)


def test_letters_in_the_noise_are_no_distribution() -> None:
    assert letters_lost([("<|channel|>", -0.1), ("A", -2.5)], 2)
    assert letters_lost([("[THINK]", -0.1), ("A", -2.5)], 2)
    assert letters_lost([("<", -0.1), ("A", -2.5)], 2), "a tag of several tokens"
    assert "thinks before it answers" in letters_lost([("Okay", -0.4), ("A", -2.5)], 2, thinks=True)
    assert letters_lost([("I", -0.01), ("A", -9.0)], 2)
    assert letters_lost([("The", -0.2), ("A", -2.5), ("B", -4.0)], 2) == ""
    assert letters_lost([("x", -0.2), ("y", -2.5)], 2) == "", "no letter is listed: all are bounded"


def test_a_phrase_that_was_cut_off_is_asked_for_with_more_room() -> None:
    class Wordy(Teacher):
        def phrase(self, messages: list[dict[str, Any]]) -> str:
            return "Well, let us" if "long" in messages[-1]["content"] else f"{SKILL}\nand " + "so on " * 99

    with openai_server(Wordy()) as server:
        teacher = there(server)
        assert teacher.complete(["short"], 12) == [SKILL], "the phrase had ended before the cut"
        assert server.asked[-1].body["max_tokens"] == 24
        server.manners.finish = "length"
        (found,) = teacher.complete(["a long one"], 12)
        assert [each.body["max_tokens"] for each in server.asked[-2:]] == [24, 2048]
        assert isinstance(found, Skipped)
        assert "2,048 tokens are allowed: serve it with its thinking off" in found.reason
        assert found.failed


@pytest.mark.parametrize(
    ("manners", "reason"),
    [
        (Manners(finish="content_filter"), "held back by a content filter"),
        (Manners(content="null"), "gave an empty reply"),
        (Manners(error_in_body={"message": "no more today", "code": 500}), "It says: no more today"),
    ],
)
def test_what_gave_no_whole_reply_is_left_open_and_asked_again(manners: Manners, reason: str) -> None:
    with openai_server(Teacher()) as server:
        kept = Kept()
        teacher = there(server, kept)
        server.manners = manners
        (found,) = teacher.complete(["Missing skill:"], 12)
        assert isinstance(found, Skipped)
        assert (reason in found.reason, found.failed) == (True, True)
        server.manners = Manners()
        assert there(server, kept).complete(["Missing skill:"], 12) == [SKILL]


def test_votes_that_were_cut_off_are_none_and_without_a_whole_one_there_is_no_curve() -> None:
    class Endless(Teacher):
        def reply(self, messages: list[dict[str, Any]], max_tokens: int, temperature: float, seed: int) -> str:
            said = super().reply(messages, max_tokens, temperature, seed)
            return said + " on" * max_tokens if seed % 5 or "Step 3:" in messages[-1]["content"] else said

    with openai_server(Endless(), Manners(logprobs=False)) as server:
        ((_, found),) = there(server).curves([a_case()], SETTINGS)
    assert isinstance(found, Skipped)
    assert (found.failed, "was cut off" in found.reason) == (True, True)
