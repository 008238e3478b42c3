"""The local teacher: any tokenizer, one forward a rationale, and phrases that end at the right place."""

import dataclasses
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.errors import UserError
from core.prompts import teacher_header, teacher_step
from core.teacher.local import LocalTeacher, load_teacher
from core.types import Curve, Prediction, Sample, Settings, Skipped
from tests.models.tiny_teachers import TOKENIZERS, make_model

QUESTION = "What is the sum of the two digits?"
STEPS = ("The left digit is 9.", "The right digit is 7.", "9 plus 7 is 16.")
SAMPLE = Sample(id=5, source_id="s5", question=QUESTION, options=("11", "12", "16", "17"), answer="11")


def save(folder: Path, family: str = "llama", pieces: str = "byte pairs") -> str:
    tokenizer = TOKENIZERS[pieces]()
    make_model(family, words=len(tokenizer)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="session")
def teachers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, LocalTeacher]:
    """A random Llama with each kind of tokenizer."""
    folder = tmp_path_factory.mktemp("teachers")
    return {pieces: load_teacher(save(folder / pieces, pieces=pieces), device="cpu") for pieces in TOKENIZERS}


@pytest.fixture(params=list(TOKENIZERS))
def teacher(request: pytest.FixtureRequest, teachers: dict[str, LocalTeacher]) -> LocalTeacher:
    return teachers[request.param]


def prediction(answer: str | None = "16", steps: tuple[str, ...] = STEPS) -> Prediction:
    return Prediction(round=1, sample=5, text="", steps=steps, answer=answer, reading="cue", correct=False)


def curve(teacher: LocalTeacher, sample: Sample, answer: str = "16", **settings: Any) -> Curve:
    ((place, found),) = teacher.curves([(sample, prediction(answer))], Settings(**settings))
    assert place == 0
    assert isinstance(found, Curve)
    return found


def log_probability(teacher: LocalTeacher, text: str) -> float:
    """Of a whole text from a plain forward, over its own tokens."""
    tokens = [*teacher.opening, *teacher.tokenizer(text, add_special_tokens=False)["input_ids"]]
    with torch.inference_mode():
        logged = torch.log_softmax(teacher.model(torch.tensor([tokens])).logits[0, :-1].float(), -1)
    return logged[torch.arange(len(tokens) - 1), torch.tensor(tokens[1:])].double().sum().item()


def expected_row(teacher: LocalTeacher, header: str, steps: int, ends: list[str]) -> np.ndarray:
    """The softmax over whole texts, which equals that over the candidates: the shared part cancels."""
    trunk = header + "".join(teacher_step(k, STEPS[k - 1]) for k in range(1, steps + 1)) + " The answer is"
    return shares(teacher, trunk, ends)


def shares(teacher: LocalTeacher, trunk: str, ends: list[str]) -> np.ndarray:
    scores = np.array([log_probability(teacher, trunk + end) for end in ends])
    powers = np.exp(scores - scores.max())
    return np.asarray(powers / powers.sum())


def test_the_curve_is_the_softmax_over_whole_texts_after_each_step(teacher: LocalTeacher) -> None:
    found = curve(teacher, SAMPLE)
    header = teacher_header(SAMPLE, 0.6)
    assert (found.candidates, found.truth, found.predicted) == (("11", "12", "16", "17"), 0, 2)
    for k, row in enumerate(found.probabilities):
        expected = expected_row(teacher, header, k, [" (A)", " (B)", " (C)", " (D)"])
        assert row == pytest.approx(expected, abs=1e-4)
        assert sum(row) == pytest.approx(1)
    assert len(found.probabilities) == len(STEPS) + 1


def test_a_projects_own_prompts_are_what_the_curve_is_read_from(teacher: LocalTeacher) -> None:
    own = {
        "teacher.header": "{question} {prior}",
        "teacher.prior": "{truth}: {percent}.",
        "teacher.step": "{number} {step}",
        "teacher.cue": "So it is",
    }
    found = curve(teacher, SAMPLE, prompts=own)
    trunk = f"{SAMPLE.question} Option (A) 11: 60. 1 {STEPS[0]} 2 {STEPS[1]} So it is"
    expected = shares(teacher, trunk, [" (A)", " (B)", " (C)", " (D)"])
    assert found.probabilities[2] == pytest.approx(expected, abs=1e-4)


def test_options_can_be_scored_by_their_texts_of_several_tokens(teacher: LocalTeacher) -> None:
    sample = dataclasses.replace(SAMPLE, options=("the left digit", "strawberry", "16"), answer="strawberry")
    found = curve(teacher, sample, candidates_as="text", prior=0.8)
    header = teacher_header(sample, 0.8)
    for k, row in enumerate(found.probabilities):
        expected = expected_row(teacher, header, k, [" the left digit", " strawberry", " 16"])
        assert row == pytest.approx(expected, abs=1e-4)


def test_an_answer_that_is_no_option_is_scored_by_its_text(teacher: LocalTeacher) -> None:
    found = curve(teacher, SAMPLE, answer="9")
    expected = expected_row(teacher, teacher_header(SAMPLE, 0.6), 3, [" (A)", " (B)", " (C)", " (D)", " 9"])
    assert (found.candidates[-1], found.predicted) == ("9", 4)
    assert found.probabilities[3] == pytest.approx(expected, abs=1e-4)


def test_an_answer_that_begins_another_is_closed_by_a_full_stop(teachers: dict[str, LocalTeacher]) -> None:
    teacher = teachers["byte pairs"]
    sample = dataclasses.replace(SAMPLE, options=(), answer="the left digit")
    found = curve(teacher, sample, answer="the left")
    expected = expected_row(teacher, teacher_header(sample, 0.6), 1, [" the left digit.", " the left."])
    assert found.probabilities[1] == pytest.approx(expected, abs=1e-4)
    assert found.probabilities[1][1] < 1


def test_candidates_that_are_one_to_the_tokenizer_are_equally_likely(teachers: dict[str, LocalTeacher]) -> None:
    found = curve(teachers["sentence pieces"], dataclasses.replace(SAMPLE, options=(), answer="ж"), answer="щ")
    assert np.array(found.probabilities) == pytest.approx(0.5)


def test_pieces_that_join_two_parts_are_kept(teachers: dict[str, LocalTeacher]) -> None:
    """Otherwise the test above would be void: these tokens differ from those of the parts tokenised separately."""
    teacher = teachers["sentence pieces"]
    branches = teacher._branches(SAMPLE, STEPS, SAMPLE.options, Settings())
    parts = [teacher_header(SAMPLE, 0.6), " The answer is", " (A)"]
    assert branches[0][0] != [token for part in parts for token in teacher.encode([part])[0]]
    assert teacher.tokenizer.decode(branches[0][0], skip_special_tokens=True) == "".join(parts)


def test_a_text_begins_as_the_tokenizer_begins_it_and_is_not_ended(teachers: dict[str, LocalTeacher]) -> None:
    assert teachers["sentence pieces"].opening == (1,)
    assert teachers["byte pairs"].opening == ()


def test_a_rationale_beyond_the_context_is_skipped_with_a_reason_and_the_others_go_on(teacher: LocalTeacher) -> None:
    endless = prediction(steps=("The left digit is 9. " * 400,))
    found = dict(teacher.curves([(SAMPLE, endless), (SAMPLE, prediction())], Settings()))
    assert isinstance(found[0], Skipped)
    assert "tokens long" in found[0].reason
    assert "reads 512: choose a teacher with a longer context" in found[0].reason
    assert isinstance(found[1], Curve)


def test_curves_read_side_by_side_as_on_a_gpu_are_those_read_one_by_one(teacher: LocalTeacher) -> None:
    lines = [("11", STEPS), ("16", STEPS * 2), ("17", ()), ("12", STEPS[:1]), ("9", STEPS)]
    items = [
        (dataclasses.replace(SAMPLE, answer="11" if said != "11" else "12"), prediction(said, steps))
        for said, steps in lines
    ]
    items[2:2] = [(SAMPLE, prediction(steps=("The left digit is 9. " * 400,)))]
    together = dict(dataclasses.replace(teacher, nodes=2_000).curves(items, Settings()))
    assert sorted(together) == list(range(len(items)))
    assert isinstance(together[2], Skipped)
    for place, one in teacher.curves(items, Settings()):
        both = together[place]
        if isinstance(one, Curve) and isinstance(both, Curve):
            assert dataclasses.replace(both, probabilities=()) == dataclasses.replace(one, probabilities=())
            assert np.array(both.probabilities) == pytest.approx(np.array(one.probabilities), abs=1e-4)
        else:
            assert both == one


@pytest.mark.parametrize("answer", [None, "11"])
def test_what_is_not_wrong_has_no_curve(teacher: LocalTeacher, answer: str | None) -> None:
    with pytest.raises(ValueError, match="sample s5"):
        list(teacher.curves([(SAMPLE, prediction(answer))], Settings()))


@pytest.mark.parametrize("family", ["mistral", "bloom"])
def test_models_that_cannot_be_packed_give_the_same_curve_slowly(
    family: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="core"):
        teacher = load_teacher(save(tmp_path, family), device="cpu")
    assert ("slower" in caplog.text) == (family == "bloom")
    found = curve(teacher, SAMPLE)
    expected = expected_row(teacher, teacher_header(SAMPLE, 0.6), 2, [" (A)", " (B)", " (C)", " (D)"])
    assert found.probabilities[2] == pytest.approx(expected, abs=1e-4)


def test_prompts_of_any_length_are_carried_on_as_each_would_be_alone(teacher: LocalTeacher) -> None:
    prompts = ["Step 1: The left", "The", f"{QUESTION} The correct answer is", "9 plus 7 is"]
    together = teacher.complete(prompts, 6)
    assert together == [teacher.complete([prompt], 6)[0] for prompt in prompts]
    assert any(together)
    for text in together:
        assert "\n" not in text
        assert ". " not in text


def test_a_prompt_beyond_the_context_is_not_carried_on(teacher: LocalTeacher, caplog: pytest.LogCaptureFixture) -> None:
    assert teacher.complete(["The left digit is 9. " * 400], 6) == [""]
    assert "too long" in caplog.text
    assert teacher.complete([], 6) == []


SAYINGS = [
    (" Reading digits. The next question", "Reading digits"),
    ("\n\n Reading digits\nQuestion:", "Reading digits"),
    (" Reading 2.5 digits .", "Reading 2.5 digits"),
    (" Reading digits up to 9. The next", "Reading digits up to 9"),
    (" Reading</s> more", "Reading"),
    ("", ""),
]


@pytest.mark.parametrize(("said", "phrase"), SAYINGS)
def test_a_phrase_ends_with_its_sentence_or_line_or_the_text(
    said: str, phrase: str, teachers: dict[str, LocalTeacher], monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher = teachers["byte pairs"]
    script = [*teacher.tokenizer(said, add_special_tokens=False)["input_ids"], 2]
    asked = teacher.encode(["Missing skill:"])[0]
    monkeypatch.setattr(teacher.model, "forward", recited(teacher.model, len(asked), script))
    assert teacher.complete(["Missing skill:"], 40) == [phrase]


def recited(model: Any, start: int, script: list[int]) -> Any:
    """The model's forward with logits that make it generate the script after ``start`` tokens."""
    forward = model.forward
    place = iter(range(len(script)))

    def recite(*args: Any, **kwargs: Any) -> Any:
        result = forward(*args, **kwargs)
        result.logits = torch.zeros_like(result.logits)
        result.logits[:, -1, script[next(place)]] = 1
        return result

    return recite


def test_a_folder_without_a_model_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no config\.json"):
        load_teacher(str(tmp_path))


def test_a_model_without_a_tokenizer_is_said_so(tmp_path: Path) -> None:
    make_model("llama").save_pretrained(tmp_path)
    with pytest.raises(UserError, match="without a tokenizer"):
        load_teacher(str(tmp_path), device="cpu")


def test_incomplete_weights_are_said_so(tmp_path: Path) -> None:
    save(tmp_path)
    model = make_model("llama", words=380)
    kept = {name: value for name, value in model.state_dict().items() if "layers.1.mlp" not in name}
    model.save_pretrained(tmp_path, state_dict=kept)
    with pytest.raises(UserError, match="incomplete"):
        load_teacher(str(tmp_path), device="cpu")


def test_the_teacher_is_named_as_it_was_asked_for(tmp_path: Path) -> None:
    folder = save(tmp_path)
    assert load_teacher(folder, device="cpu").name == folder
