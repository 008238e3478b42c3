"""What is no part of a student's reply: thoughts, tokens of chat templates, other turns, stages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.parsing.answer import read_answer
from core.parsing.reply import answering_part, clean_reply, reasoning_part, without_thoughts
from core.parsing.steps import split_steps

SHAPES = ("circle", "square", "star", "heart")
PAIRS = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<THOUGHT>", "</THOUGHT>"),
    ("<thoughts>", "</thoughts>"),
    ("<reasoning>", "</reasoning>"),
    ("<analysis>", "</analysis>"),
    ("<seed:think>", "</seed:think>"),
    ('<think type="deep">', "</think>"),
    ("<think>", "</thinking>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    ("<|channel>thought\n", "<channel|>"),
    ("<unused94>thought\n", "<unused95>"),
]
TOKENS = [
    *(
        "</s>",
        "<s>",
        "<|im_end|>",
        "<|eot_id|>",
        "<|end_of_text|>",
        "<|endoftext|>",
        "<|end|>",
        "<|return|>",
        "<|EOT|>",
    ),
    *("<end_of_turn>", "<eos>", "<pad>", "<unk>", "<end_of_utterance>", "<｜end▁of▁sentence｜>", "<|end▁of▁sentence|>"),
    *("<turn|>", "[EOS]", "<EOD>", "<|END_OF_TURN_TOKEN|>", "<|eom_id|>", "<reserved_107>", " [/INST]", "<|user|>"),
    *("\n<|im_start|>", "<|fim_pad|>", "<|observation|>", "<eoa>"),
]
PLAIN = st.text(st.characters(exclude_characters="<>[]◁▷|\\", exclude_categories=["Cs", "Cc"]), max_size=60)


@pytest.mark.parametrize(("begin", "end"), PAIRS)
def test_only_what_follows_a_thought_is_read(begin: str, end: str) -> None:
    text = f"{begin}\nStep 1: It is round. The answer is A.\n{end}\n\nIt has five tips.\nIt is no heart.\n**C**"
    assert read_answer(text, SHAPES).answer == "star"
    assert split_steps(text) == ("It has five tips.", "It is no heart.")


@pytest.mark.parametrize(("begin", "end"), PAIRS)
@pytest.mark.parametrize("said", ["C", "**C**", "The answer is (C).", "\\boxed{C}"])
def test_where_the_reply_is_only_an_answer_the_steps_are_those_of_the_thought(begin: str, end: str, said: str) -> None:
    text = f"{begin}\nStep 1: It has five tips.\nStep 2: It is no heart.\nSo the answer is A.\n{end}\n\n{said}"
    assert read_answer(text, SHAPES).answer == "star"
    assert split_steps(text, SHAPES) == ("It has five tips.", "It is no heart.")


def test_a_thought_that_began_in_the_prompt_has_steps_too_and_an_empty_one_has_none() -> None:
    assert split_steps("It has five tips.\nIt is no heart.\n</think>\n\nC") == ("It has five tips.", "It is no heart.")
    assert split_steps("<think>\n\n</think>\n\nC") == ()
    assert split_steps("<think>One tip.\nAnother.</think>\n<think>A third.</think>\nC") == (
        "One tip.",
        "Another.",
        "A third.",
    )


@pytest.mark.parametrize(("begin", "end"), PAIRS)
def test_a_thought_that_never_ends_is_no_reply(begin: str, end: str) -> None:
    for text in (f"{begin}\nIt is round.\nSo the answer is A.", f"{begin}A"):
        assert read_answer(text, SHAPES).rule == "unclear"
        assert read_answer(text, ()).rule == "unclear"
        assert split_steps(text) == ()


def test_a_thought_may_begin_in_the_prompt_and_may_come_several_times() -> None:
    assert read_answer("It is a circle, so A.\n</think>\nThe answer is B.", SHAPES).answer == "square"
    assert read_answer("<think>A?</think>Wait. <think>Or D?</think> C", SHAPES).answer == "star"
    assert read_answer("<think>A <think>B</think> C</think> D", SHAPES).answer == "heart"
    assert split_steps("<think>One.</think>Look here.\n<think>Two.</think>Then there.") == ("Look here.", "Then there.")


@pytest.mark.parametrize("token", TOKENS)
def test_tokens_of_chat_templates_are_no_part_of_an_answer(token: str) -> None:
    for text in (f"B{token}", f"The answer is (B).{token}", f"It has four sides.\nSo B{token}{token}\n"):
        assert read_answer(text, SHAPES).answer == "square"
    assert read_answer(f"two{token}", ()).answer == "two"
    assert split_steps(f"It is flat.\nIt has tips.{token}\nThe answer is C.{token}") == ("It is flat.", "It has tips.")


@pytest.mark.parametrize(
    "text",
    [
        "<start_of_turn>model\nC<end_of_turn>",
        "<|start_header_id|>assistant<|end_header_id|>\n\nC",
        "<|im_start|>assistant\nC<|im_end|>\n<|im_start|>user\nAnd this?<|im_end|>\n<|im_start|>assistant\nA",
        "USER: Which shape? A. circle B. square ASSISTANT: C",
        "[INST] Which shape? A. circle B. square [/INST] C</s>",
        "C\nUSER: And this one?\nASSISTANT: A",
        "C\n### Human: And this one?\n### Assistant: A",
        "Assistant: C",
        "<|user|>\nWhich shape is A?\n<|assistant|>\nC<|end|>\n<|user|>\nB?",
        "<｜User｜>Is it A?<｜Assistant｜>C",
        "C<|im_end|>\n<|im_start|>assistant\nA",
        "[INST] C [/INST]",
    ],
)
def test_of_a_conversation_only_the_models_first_turn_counts(text: str) -> None:
    assert read_answer(text, SHAPES).answer == "star"


STAGED = [
    (
        "<SUMMARY>I look.</SUMMARY>\n<CAPTION>A circle and a star.</CAPTION>\n"
        "<REASONING>It has tips. A circle is round, so not A.</REASONING>\n<CONCLUSION>{}</CONCLUSION>"
    ),
    (
        "<SUMMARY>I look.</SUMMARY><CAPTION>A circle and a star.</CAPTION>"
        "<REASONING>It has tips. A circle is round, so not A.</REASONING><CONCLUSION>{}"
    ),
    (
        "(Here begins the SUMMARY stage) I look. (Here ends the SUMMARY stage)\n\n(Here begins the CAPTION stage) "
        "A circle and a star. (Here ends the CAPTION stage)\n\n(Here begins the REASONING stage) It has tips. "
        "A circle is round, so not A. (Here ends the REASONING stage)\n\n"
        "(Here begins the CONCLUSION stage) {} (Here ends the CONCLUSION stage)"
    ),
    (
        "<summary>I look.</summary>\n<caption>A circle and a star.</caption>\n"
        "<reasoning>It has tips. A circle is round, so not A.</reasoning>\n<conclusion>{}</conclusion>"
    ),
]


@pytest.mark.parametrize("staged", STAGED)
@pytest.mark.parametrize("said", ["C", "\nC. star\n", "The answer is (C).", "Answer: C", "star", "It is a star."])
def test_in_stages_the_conclusion_is_the_answer_and_no_step(staged: str, said: str) -> None:
    text = staged.format(said)
    assert read_answer(text, SHAPES).answer == "star"
    steps = " ".join(split_steps(text))
    assert "It has tips." in steps
    assert "star" not in steps.replace("A circle and a star.", "")
    assert "<" not in steps
    assert "stage" not in steps


def test_stages_without_a_conclusion_state_no_answer() -> None:
    text = "<SUMMARY>I look.</SUMMARY><REASONING>It is round, so the answer may be A. The answer is A."
    assert read_answer(text, SHAPES).rule == "unclear"
    assert read_answer("<REASONING>It is round.</REASONING>\nA", SHAPES).answer == "circle"


def test_a_box_of_glm_is_read_like_a_boxed_answer() -> None:
    for text in (
        "<think>B?</think><answer><|begin_of_box|>C<|end_of_box|></answer>",
        "The shape is <|begin_of_box|>C<|end_of_box|>.",
        "It has tips.\n<|begin_of_box|>star<|end_of_box|>",
    ):
        assert read_answer(text, SHAPES).answer == "star"
    assert read_answer("The total is <|begin_of_box|>16<|end_of_box|>", ()).answer == "16"
    assert split_steps("It has tips.\nIt is flat.\n<|begin_of_box|>C<|end_of_box|>") == ("It has tips.", "It is flat.")


@pytest.mark.parametrize("text", ["Is 3 < 5 and 7 > 2? Yes.", "[1, 2] lies in it.", "The <b>dog</b> sits."])
def test_other_marks_stay(text: str) -> None:
    assert clean_reply(text) == text


@given(st.text())
def test_cleaning_keeps_every_offset_and_is_done_after_once(text: str) -> None:
    for part in (clean_reply(text), answering_part(text), reasoning_part(text)):
        assert len(part) == len(text)


@given(PLAIN, PLAIN, st.sampled_from(PAIRS[:7]))
def test_a_thought_changes_no_reading(thought: str, reply: str, tags: tuple[str, str]) -> None:
    begin, end = tags
    read, alone = read_answer(f"{begin}{thought}{end}{reply}", SHAPES), read_answer(reply, SHAPES)
    assert (read.answer, read.rule) == (alone.answer, alone.rule)
    assert without_thoughts(f"{begin}{thought}{end}{reply}") == reply
