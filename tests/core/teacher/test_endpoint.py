"""A teacher behind a real socket with the demo teacher's log-probabilities gives the curves of the local one."""

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from assets import demo
from core.errors import UserError
from core.prompts import skill_prompt
from core.teacher.endpoint import EndpointTeacher, connect_teacher
from core.teacher.local import LocalTeacher, load_teacher
from core.teacher.probe import known_to_vote
from core.types import Curve, Skipped
from tests.models.demo_teacher import ByLetter, Open
from tests.projects.demo_mistakes import QUICK, SETTINGS, a_prediction, mistakes
from tests.servers.openai_server import Kept, KeptWhole, Manners, OpenAIServer, endpoint_of, openai_server

COUNT = 8


@pytest.fixture(scope="module")
def local() -> LocalTeacher:
    return load_teacher(str(demo.TEACHER), device="cpu")


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[OpenAIServer]:
    with openai_server(ByLetter(), getattr(request, "param", None)) as running:
        yield running


def there(server: OpenAIServer, replies: Kept | None = None, **changed: object) -> EndpointTeacher:
    settings = replace(QUICK, **changed)  # type: ignore[arg-type]
    return connect_teacher(endpoint_of(server.name), settings, KeptWhole() if replies is None else replies)


def curves(teacher: EndpointTeacher | LocalTeacher, count: int = COUNT) -> list[Curve]:
    found = dict(teacher.curves(mistakes(count), SETTINGS))
    assert sorted(found) == list(range(count))
    return [each for _, each in sorted(found.items()) if isinstance(each, Curve)]


def test_the_curves_are_those_of_the_local_teacher(server: OpenAIServer, local: LocalTeacher) -> None:
    teacher = there(server)
    found, expected = curves(teacher), curves(local)
    assert len(found) == len(expected) == COUNT
    for here, far in zip(expected, found, strict=True):
        assert (far.candidates, far.truth, far.predicted, far.votes, far.bounded) == (
            *(here.candidates, here.truth, here.predicted),
            *(0, ()),
        )
        assert np.abs(np.array(here.probabilities) - np.array(far.probabilities)).max() < 1e-2
    spread = [max(row) - min(row) for each in expected for row in each.probabilities]
    assert max(spread) > 0.9, "else any even curve would pass"
    assert teacher.remark == ""


def test_one_request_a_step_each_beginning_as_the_one_before(server: OpenAIServer) -> None:
    curves(there(server, at_once=1), 2)
    first, second = mistakes(2)
    asked = server.asked[1:]  # the first is the probe
    assert len(asked) == len(first[1].steps) + len(second[1].steps) + 2
    for each in asked:
        assert (each.body["max_tokens"], each.body["top_logprobs"], each.body["temperature"]) == (1, 20, 0)
    texts = [each.body["messages"] for each in asked[: len(first[1].steps) + 1]]
    assert len({json.dumps(system) for system, _ in texts}) == 1
    bare = [user["content"].removesuffix(" The answer is") for _, user in texts]
    assert all(longer.startswith(shorter) for shorter, longer in pairwise(bare))


def test_what_the_list_leaves_out_is_bounded_and_never_below_what_it_truly_is(local: LocalTeacher) -> None:
    """Only 20 tokens of the teacher's distribution are listed, without many of the options."""
    with openai_server(Open()) as server:
        found = curves(there(server))
    bounded = exact = 0
    for here, far in zip(curves(local), found, strict=True):
        for k, (true, row) in enumerate(zip(here.probabilities, far.probabilities, strict=True)):
            out = {c for step, c in far.bounded if step == k}
            known = [c for c in range(len(row)) if c not in out]
            for c in range(len(row)):
                for other in known:
                    if c in out:
                        assert row[c] / row[other] >= true[c] / true[other] * 0.999
                        bounded += 1
                    else:
                        assert row[c] / row[other] == pytest.approx(true[c] / true[other], rel=1e-2)
                        exact += 1
    assert bounded > 20
    assert exact > 20


def test_more_tokens_listed_leave_nothing_bounded(local: LocalTeacher) -> None:
    with openai_server(Open(), Manners(top_limit=400, top_given=400)) as server:
        found = curves(there(server, top_logprobs=400), 4)
    for here, far in zip(curves(local, 4), found, strict=True):
        assert far.bounded == ()
        assert np.abs(np.array(here.probabilities) - np.array(far.probabilities)).max() < 1e-2


@pytest.mark.parametrize(
    "server", [Manners(top_limit=5), Manners(top_given=5)], indirect=True, ids=["refuses", "gives"]
)
def test_a_server_that_lists_five_is_asked_for_what_it_lists(server: OpenAIServer) -> None:
    teacher = there(server)
    assert "lists 5 tokens, not 20" in teacher.remark
    assert len(curves(teacher, 2)) == 2
    refused = server.manners.top_limit == 5
    assert server.asked[-1].body["top_logprobs"] == (5 if refused else 20)


@pytest.mark.parametrize("server", [Manners(logprobs=False)], indirect=True)
def test_without_log_probabilities_two_calls_find_out_and_votes_stand_in(server: OpenAIServer) -> None:
    teacher = there(server)
    assert len(server.asked) == 2
    assert "gives no log-probabilities: 5 sampled replies a step stand in" in teacher.remark
    for far in curves(teacher, 4):
        assert (far.votes, far.bounded) == (5, ())
        for row in far.probabilities:
            votes = [share * (5 + 0.5 * len(row)) - 0.5 for share in row]
            assert votes == pytest.approx([round(vote) for vote in votes], abs=1e-9)
            assert sum(votes) == pytest.approx(5)
    assert all((each.body["n"], each.body["temperature"]) == (5, 1) for each in server.asked[2:])
    assert {each.body["max_tokens"] for each in server.asked[2:]} == {2048}


class Thinker(ByLetter):
    """Thinks aloud before each reply, naming every option."""

    def reply(self, messages: list[dict[str, object]], max_tokens: int, temperature: float, seed: int) -> str:
        said = super().reply(messages, max_tokens, temperature, seed)
        aloud = "\nSo not A.\n" if temperature else ""
        return "<think>" if max_tokens < 100 else f"<think>Is it A? Or B, or C?</think>{aloud}\n{said}"


def test_a_teacher_that_thinks_first_has_the_room_for_it(server: OpenAIServer) -> None:
    server.manners.logprobs = False
    expected = curves(there(server, at_once=1), 2)
    prompts = [skill_prompt(sample, each.steps, len(each.steps), 0) for sample, each in mistakes(2)]
    with openai_server(Thinker(), Manners(logprobs=False)) as thinking:
        teacher = there(thinking, at_once=1)
        assert curves(teacher, 2) == expected, "the server draws by the number of a request"
        assert teacher.complete(prompts, 12) == there(server).complete(prompts, 12)


@pytest.mark.parametrize(
    ("manners", "votes"),
    [
        (Manners(), False),
        (Manners(top_limit=5), False),
        (Manners(logprobs=False), True),
        (Manners(logprobs=False, top_limit=1), True),
    ],
    ids=["lists", "lists five", "lists none", "refuses to list"],
)
def test_whether_it_votes_is_known_from_what_was_asked_before(manners: Manners, votes: bool) -> None:
    with openai_server(ByLetter(), manners) as server:
        endpoint, kept = endpoint_of(server.name), KeptWhole()
        assert known_to_vote(endpoint, QUICK, kept.get) is None
        there(server, kept)
        asked = len(server.asked)
        assert known_to_vote(endpoint, QUICK, kept.get) is votes
        assert len(server.asked) == asked


def test_many_votes_come_near_the_log_probabilities(local: LocalTeacher) -> None:
    with openai_server(ByLetter(), Manners(logprobs=False)) as server:
        (far,) = curves(there(server, votes=100), 1)
    (here,) = curves(local, 1)
    smoothed = [[(p * 100 + 0.5) / (100 + 0.5 * len(row)) for p in row] for row in here.probabilities]
    assert np.abs(np.array(smoothed) - np.array(far.probabilities)).max() < 5 * math.sqrt(0.25 / 100)


@pytest.mark.parametrize("several", ["refused", "ignored"])
def test_where_several_replies_at_once_are_not_to_be_had_they_are_asked_for_one_by_one(several: str) -> None:
    with openai_server(ByLetter(), Manners(logprobs=False, several=several)) as server:
        kept = KeptWhole()
        (far,) = curves(there(server, kept, votes=3), 1)
        before = len(server.asked)
        (again,) = curves(there(server, kept, votes=3), 1)
    assert far.votes == 3
    singles = [each for each in server.asked if each.body.get("n", 1) == 1 and each.body["temperature"]]
    steps = len(mistakes(1)[0][1].steps) + 1
    assert len(singles) == steps * (3 if several == "refused" else 2)
    assert again == far
    assert before < len(server.asked) <= before + 2 + steps * (several == "refused"), "only what gave no reply"


def test_a_free_form_question_is_asked_both_ways_round_and_the_mean_has_no_favourite_letter(
    server: OpenAIServer,
) -> None:
    sample, prediction = mistakes(1)[0]
    free = replace(sample, options=())
    other = a_prediction(sample.answer, prediction.steps)
    swapped = replace(free, answer=prediction.answer or "")
    unset = replace(SETTINGS, prior=None)  # type: ignore[arg-type]
    teacher = there(server)
    ((_, one),) = teacher.curves([(free, prediction)], unset)
    ((_, two),) = teacher.curves([(swapped, other)], unset)
    assert isinstance(one, Curve)
    assert isinstance(two, Curve)
    for row, mirrored in zip(one.probabilities, two.probabilities, strict=True):
        assert row == pytest.approx(mirrored[::-1]), "truth and prediction trade places, and so do their shares"
    assert len(server.asked) == 1 + 2 * (len(prediction.steps) + 1), "the second asked for nothing new"


def test_what_one_letter_cannot_tell_is_skipped_with_the_reason(server: OpenAIServer) -> None:
    sample, prediction = mistakes(1)[0]
    many = replace(sample, options=(*sample.options, *(str(number) for number in range(200, 230))))
    ((_, found),) = there(server).curves([(many, prediction)], SETTINGS)
    assert isinstance(found, Skipped)
    assert "34 options and one letter tells 26 apart" in found.reason


def test_a_text_beyond_the_server_is_skipped_and_the_others_go_on(server: OpenAIServer) -> None:
    teacher = there(server)
    server.manners.longest = 300
    sample, prediction = mistakes(1)[0]
    endless = replace(prediction, steps=("The digit in A1: 3. " * 80,))
    found = dict(teacher.curves([(sample, endless), (sample, prediction)], SETTINGS))
    assert isinstance(found[0], Skipped)
    assert "maximum context length" in found[0].reason
    assert isinstance(found[1], Curve)
    (phrase,) = teacher.complete(["The digit in A1: 3. " * 80], 12)
    assert isinstance(phrase, Skipped)
    assert "maximum context length" in phrase.reason


def test_a_model_that_names_no_option_is_said_so() -> None:
    class Chatty(ByLetter):
        def first_token(self, messages: list[dict[str, object]]) -> list[tuple[str, float]]:
            return [(f"word{place}", -1.0 - place) for place in range(20)]

        def reply(self, messages: list[dict[str, object]], max_tokens: int, temperature: float, seed: int) -> str:
            return "That is hard to say."

    with openai_server(Chatty()) as server:
        ((_, found),) = there(server).curves(mistakes(1), SETTINGS)
    assert isinstance(found, Skipped)
    assert "names no option" in found.reason


def test_phrases_are_those_of_the_local_teacher(server: OpenAIServer, local: LocalTeacher) -> None:
    prompts = [skill_prompt(sample, each.steps, len(each.steps), 0) for sample, each in mistakes(6)]
    expected = local.complete(prompts, 12)
    assert there(server).complete(prompts, 12) == expected
    assert all(expected)
    assert there(server).complete([], 12) == []


@pytest.mark.parametrize("answer", [None, "truth"])
def test_what_is_not_wrong_has_no_curve(server: OpenAIServer, answer: str | None) -> None:
    sample, prediction = mistakes(1)[0]
    said = replace(prediction, answer=answer and sample.answer)
    with pytest.raises(ValueError, match="sample validation-0000"):
        list(there(server).curves([(sample, said)], SETTINGS))


def test_a_server_that_takes_no_plain_question_either_is_said_so(server: OpenAIServer) -> None:
    server.manners.longest = 1
    with pytest.raises(UserError, match="maximum context length is 1"):
        there(server)
    assert len(server.asked) == 3
