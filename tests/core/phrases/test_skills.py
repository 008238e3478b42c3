"""Phrases are cleaned, and those that name no skill are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.phrases.replies import phrase_of_reply
from core.phrases.skills import clean_phrase, read_skill
from core.types import Sample

PHRASES = [
    (' "Reading handwritten digits." ', "Reading handwritten digits"),
    ("\n\n- Counting objects\n- Adding", "Counting objects"),
    ("1. “Counting objects”", "Counting objects"),
    ("counting objects; comparing numbers", "counting objects; comparing numbers"),
    ("What is 3D (in images)?", "What is 3D (in images)?"),
    ("…\n***\n", ""),
    ("", ""),
    ("数" * 300, "数" * 200),  # as many as a review may hold
    (" ".join(f"w{i}" for i in range(20)), " ".join(f"w{i}" for i in range(12))),
]


@pytest.mark.parametrize(("said", "phrase"), PHRASES)
def test_a_phrase_is_freed_of_what_a_model_wraps_it_in(said: str, phrase: str) -> None:
    assert clean_phrase(said) == phrase


@given(st.text(alphabet=st.sampled_from("ab1 .\"'\n-*;•)")) | st.text())
def test_a_clean_phrase_is_one_short_line_and_stays_as_it_is(text: str) -> None:
    phrase = clean_phrase(text)
    assert bool(phrase) == bool(phrase.split())
    assert len(phrase.split()) <= 12
    assert len(phrase.splitlines()) <= 1
    assert clean_phrase(phrase) == phrase


BIRDS = Sample(
    source_id="s",
    question="Five birds sit on a branch. Which one is the rightmost bird of all?",
    options=("quail", "The cardinal is the rightmost", "owl", "no bird", "16"),
    answer="owl",
)
STEPS = ("The quail sits left of the owl.", "So the robin has to sit in the middle of the branch.")
NO_SKILLS = [
    "The correct answer is E",
    "Correct answer: E",
    "Answer: (B)",
    "Option B is correct.",
    "So the answer to this question is the owl",
    "The cardinal is the rightmost",
    "(B) The cardinal is the rightmost.",
    "B",
    "(b)",
    "C. owl",
    "The owl",
    "The bird is an owl",
    "9 plus 7 is 16",
    "quail is on the left",
    "Which one is the rightmost bird of all?",
    "Five birds sit on a branch",
    "The quail sits left of the owl",
    "Step 2: So the robin has to sit in the middle of the branch.",
    "The left digit is 9",
    "There are three apples in the bowl",
    "The first wrong step is Step 2",
    "It is option C",
    "La bonne réponse est B",
    "Die richtige Antwort lautet B",
    "La respuesta correcta es B",
    "A resposta correta é B",
    "正确答案是B",
    "正解はBです",
    "الإجابة الصحيحة هي ب",
    "सही उत्तर है ख",
    "I think it is C",
    "C because the robin sits in the middle",
    "owl, since it sits left",
    "Owl on the branch",
    "sixteen",
    "Step 2 is wrong",
    "We know where the owl sits",
    "Which bird sits in the middle?",
    "选C",
    "Я думаю, ответ C",
    "Credo che la risposta sia C",
    "C'est C",
    "unnamed skill",
    "none needed",
    "Nothing is missing",
    "Not enough information",
    "n.a.",
    "[insert skill here]",
    "没有",
    "keine",
    "Je ne sais pas",
    "Es tut mir leid, das geht nicht",
    "抱歉，我无法回答",
    "Error: timeout",
    "Missing skill: none",
    "N/A",
    "I'm sorry, I cannot help with that",
    "42",
    "9 + 7 = 16",
    "",
    "***",
]
SKILLS = [
    "counting objects in a picture",
    "Reading handwritten digits",
    "Spatial relation understanding between objects",
    "Knowledge of how distance affects magnetic force",
    "Deductive reasoning about the order of objects",
    "Understanding which option is larger",
    "The ability to tell what is left and right",
    "counting birds",
    "knowing what a quail is",
    "A sense of direction",
    "数数",
    "Karten lesen",
    "Answer selection under constraints",
    "Recognising that no bird is shown",
    "No-carry subtraction",
    "IT literacy",
    "Right triangle geometry",
    "Step counting in staircases",
    "knowing which option is right",
    "Answering questions about order",
    "2-digit addition",
    "True/false discrimination",
    "сравнение чисел",
]


@pytest.mark.parametrize("said", NO_SKILLS)
def test_what_names_no_skill_is_none(said: str) -> None:
    assert read_skill(said, BIRDS, STEPS) == ""


@pytest.mark.parametrize("said", SKILLS)
def test_what_names_a_skill_is_that(said: str) -> None:
    assert read_skill(said, BIRDS, STEPS) == said
    assert read_skill(f"Missing skill: {said}.\nQuestion: …", BIRDS, STEPS) == said


@pytest.mark.parametrize(
    "said",
    [
        "Skill: counting",
        "**Missing skill:** counting",
        "The missing skill is counting.",
        "Missing Skill - counting",
        "Skill needed: counting",
        "skill_name: counting",
        "Fehlende Fähigkeit: counting",
        "Compétence manquante : counting",
        "缺少的技能\uff1acounting",
        "「counting」。",
        "counting, counting, counting",
    ],
)
def test_a_skill_is_freed_of_its_label_and_said_once(said: str) -> None:
    assert read_skill(said, BIRDS, STEPS) == "counting"


@given(st.text(), st.text(), st.text())
def test_a_skill_is_a_clean_phrase_and_never_the_answer_or_the_question(said: str, question: str, answer: str) -> None:
    sample = Sample(
        source_id="s", question=question, options=(answer, clean_phrase(phrase_of_reply(said))), answer=answer
    )
    assert read_skill(said, sample) == ""
    skill = read_skill(said, Sample(source_id="s", question=question, answer=answer))
    assert skill == clean_phrase(skill)
