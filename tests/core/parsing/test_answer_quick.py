"""The optimised reading of answers equals the plain one, and the definitions, on any text.

``answers_read.jsonl`` holds the readings of every example, and of pairs of them, from before the optimisation.
The answers of its first 348 rows were written by hand: letters, option texts, numbers, yes and no, final statements,
long and multilingual rationales, texts written after the rules, answers that are no option, unclear or free-form.
"""

import json
import time
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from core.parsing import labels, normalisation, option_mentions, statements
from core.parsing.answer import read_answer
from core.parsing.normalisation import Word, words
from core.parsing.option_mentions import find_mentions
from core.parsing.steps import split_steps

READ = [json.loads(line) for line in (Path(__file__).parent / "answers_read.jsonl").read_text().splitlines()]
EXAMPLES = [(text, tuple(options)) for text, options, *_ in READ]
PIECES = sorted({word for text, _ in EXAMPLES for word in text.split()})
OPTIONS = sorted({options for _, options in EXAMPLES})
TEXTS = st.lists(
    st.one_of(st.sampled_from(PIECES), st.sampled_from(["\n", ". ", "twenty", "one", "hundred", "and", "1,000", "no"])),
    max_size=40,
).map(" ".join)


def test_every_example_is_read_as_the_plain_code_read_it() -> None:
    assert len(READ) >= 600
    for text, options, answer, rule, span, confidence in READ:
        read = read_answer(text, tuple(options))
        expected = (answer, rule, None if span is None else tuple(span), confidence)
        assert (read.answer, read.rule, read.span, read.confidence) == expected, text


@given(TEXTS, st.sampled_from(OPTIONS), st.randoms(use_true_random=False))
def test_what_is_kept_from_other_texts_changes_no_reading(text: str, options: tuple[str, ...], random) -> None:  # type: ignore[no-untyped-def]
    for other, of in random.sample(EXAMPLES, 5):
        read_answer(other, of)
    warm = read_answer(text, options)
    for kept in (
        option_mentions.find_mentions,
        statements.sentence_spans,
        normalisation.words,
        normalisation._normalise_token,
    ):
        kept.cache_clear()
    assert read_answer(text, options) == warm


@given(TEXTS)
def test_numbers_are_joined_where_they_begin_and_nowhere_else(text: str) -> None:
    """``words`` by its definition: from each position, the longest number, else the word itself."""
    found = [
        Word(normalisation._normalise_token(each[0]), *each.span()) for each in normalisation._TOKEN.finditer(text)
    ]
    joined, at = [], 0
    while at < len(found):
        value, used = normalisation._parse_number([word.text for word in found[at : at + 5]])
        last = found[at + max(used, 1) - 1]
        joined.append(Word(str(value), found[at].start, last.end, True) if used else found[at])
        at += used or 1
    joined = normalisation.attach_signs(joined)
    expected = [word for word in joined if word.text not in normalisation._ARTICLES] or found
    assert list(words(text)) == expected


@given(TEXTS, st.sampled_from(OPTIONS))
def test_options_are_found_at_every_place_where_all_their_words_stand(text: str, options: tuple[str, ...]) -> None:
    """``find_mentions`` by text, by its definition: longest option first, each position of the text, none used
    twice."""
    found, taken, expected = words(text), set(), set()
    wordings = sorted(
        ((at, [word.text for word in words(option)]) for at, option in enumerate(options)),
        key=lambda pair: -len(pair[1]),
    )
    for at, wording_ in wordings:
        for first in range(len(found) - len(wording_) + 1 if wording_ else 0):
            here = set(range(first, first + len(wording_)))
            if [found[place].text for place in sorted(here)] != wording_ or here & taken:
                continue
            if len(wording_) == 1 and option_mentions._is_small_word(found[first], text):
                continue
            taken |= here
            expected.add((at, found[first].start, found[first + len(wording_) - 1].end))
    by_letter = {(each.option, each.start, each.end) for each in labels.find_letters(text, options)}
    mentions = {(each.option, each.start, each.end) for each in find_mentions(text, options)}
    translated = {each for each in mentions if text[each[1] : each[2]].isascii() != options[each[0]].isascii()}
    assert expected | by_letter <= mentions
    assert mentions - expected - by_letter <= translated


def test_a_long_rationale_is_read_within_milliseconds() -> None:
    """The limit is generous, since machines differ."""
    lines = (f"Step {n}: The picture shows a bowl near the window, and light falls on it." for n in range(400))
    text = "\n".join(lines) + "\nSo it looks like a dog to me."
    started = time.process_time()
    assert read_answer(text, ("cat", "dog", "red fox")).answer == "dog"
    assert len(split_steps(text)) == 400
    assert time.process_time() - started < 2
