"""Which column of a file of predictions is what: guessed by name, and held against the samples they belong to.

The truth is never taken for a prediction. Where two columns could be the id or the rationale, the samples' ids,
questions and truths decide; where they cannot, the file is refused with a sentence that asks. Whether a column called
"answer" is the model's is settled by ``answer_column`` once the whole file is read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import UserError
from core.importers.cells import is_empty
from core.importers.fields.cells_as_text import cell_text
from core.importers.fields.column_names import candidates, match_by_name
from core.importers.prediction_files.ids import ID_NAMES, choose_id, known_id, questions_in, refuse_other_questions
from core.importers.prediction_files.replies import reply_of
from core.parsing.answer import is_correct, read_answer
from core.parsing.normalisation import normalise
from core.types import Sample

PREDICTION_FIELDS = {
    "id": ID_NAMES,
    "rationale": "rationale reasoning cot chain_of_thought explanation output response model_output model_response "
    "generated_text generation completion raw_response raw_output prediction_text predicted_text resps text",
    "steps": "steps reasoning_steps",
    "prediction": "prediction predicted predict pred predicted_answer model_answer parsed_answer parsed_pred "
    "parsed_response extracted_answer filtered_resps",
    "mistake_step": "mistake_step gold_mistake_step gold_step first_mistake_step first_wrong_step",
}
# Evaluation programs write the truth under it, other programs the model's answer.
AMBIGUOUS = "answer"
_OF_A_MODEL = "model_output model_response generated_text generation completion raw_response raw_output resps"
_SHORT_WORDS = 12
_MAX_SHOWN = 60
Rows = Sequence[Mapping[str, Any]]
Known = Mapping[str, Sample]


@dataclass(frozen=True, kw_only=True)
class PredictionColumns:
    """The column of each field; ``doubtful`` could be the model's answer or the truth, ``guessed`` is its answer by
    name, "" where there is none or the user says which.
    """

    mapping: Mapping[str, str]
    doubtful: str = ""
    guessed: str = ""


def is_table(columns: Sequence[str]) -> bool:
    """Whether rows with these fields are predictions: a rationale or steps, and no question.

    A ``text`` beside an image or a truth is a question (POPE's and LLaVA's question files).
    """
    named = match_by_name(columns, PREDICTION_FIELDS)
    asked = match_by_name(columns, {"question": "question query prompt problem instruction"})
    only_text = named.get("rationale", "").lower() == "text" and not {"steps", "prediction"} & named.keys()
    if only_text and candidates(columns, "image image_path img images label answer gt ground_truth"):
        return False
    return "id" in named and bool(named.keys() & {"rationale", "steps"}) and not asked


def names_prediction(columns: Sequence[str]) -> bool:
    """Whether one of these fields is called a model's (a data set's "answer" and "response" are not)."""
    return bool(candidates(columns, f"{PREDICTION_FIELDS['prediction']} {_OF_A_MODEL}"))


def choose_columns(
    name: str, columns: Sequence[str], given: Mapping[str, str], rows: Rows, known: Known
) -> PredictionColumns:
    """The column of each of ``PREDICTION_FIELDS``: by name, checked in the first rows, or as the user's mapping says.

    Raises UserError, naming the file, when a field or column does not exist, id or rationale have no column, or two
    columns could be one of them and say different things.
    """
    _check_given(name, columns, given)
    free = [column for column in columns if column not in given.values()]
    found = match_by_name(free, PREDICTION_FIELDS)
    if not {"rationale", "steps"} & {**found, **given}.keys() and "prediction" in found:
        found["rationale"] = found.pop("prediction")  # VLMEvalKit writes the whole reply under it
        found |= match_by_name([each for each in free if each not in found.values()], _only("prediction"))
    found |= given
    found = {field: column for field, column in found.items() if column}
    if "id" not in given and "id" in found:
        found["id"] = choose_id(name, columns, found["id"], rows, known)
    _check_complete(name, columns, found)
    pairs = [(row, known[key]) for row in rows if (key := known_id(_id_of(row, found.get("id", "")), known)) in known]
    refuse_other_questions(name, questions_in(columns), found.get("id", ""), pairs, known)
    if "rationale" in found and "steps" not in found and "rationale" not in given:
        found |= _rationale(name, free, found, given, pairs)
        _refuse_questions(name, found["rationale"], pairs)
    if "prediction" in given or not pairs:
        return PredictionColumns(mapping=found)
    if "prediction" in found:
        _refuse_second_answer(name, free, found, pairs)
        return PredictionColumns(mapping=found, guessed=found["prediction"])
    doubtful = [each for each in candidates(free, AMBIGUOUS) if each not in found.values()]
    return PredictionColumns(mapping=found, doubtful=doubtful[0] if doubtful else "")


def _only(field: str) -> dict[str, str]:
    return {field: PREDICTION_FIELDS[field]}


def _id_of(row: Mapping[str, Any], column: str) -> str:
    value = row.get(column)
    return "" if is_empty(value) else cell_text(value)


def _check_given(name: str, columns: Sequence[str], given: Mapping[str, str]) -> None:
    for field, column in given.items():
        if field not in PREDICTION_FIELDS:
            raise UserError(f"{name}: there is no field “{field}”: choose among {', '.join(PREDICTION_FIELDS)}.")
        if column and column not in columns:
            raise UserError(f"{name} has no column “{column}”: its columns are {', '.join(columns)}.")


def _check_complete(name: str, columns: Sequence[str], found: Mapping[str, str]) -> None:
    for field, instead in (("id", ""), ("rationale", "steps")):
        if columns and field not in found and instead not in found:
            raise UserError(
                f"{name}: none of its columns ({', '.join(columns)}) looks like the {field}: say which one it is "
                f"({field}=COLUMN)."
            )


def _rationale(
    name: str,
    free: Sequence[str],
    found: Mapping[str, str],
    given: Mapping[str, str],
    pairs: Sequence[tuple[Mapping[str, Any], Sample]],
) -> dict[str, str]:
    """The column of the rationale, and that of the answer where another column with replies holds short answers."""
    names = PREDICTION_FIELDS["rationale"].removesuffix(" text") + " " + PREDICTION_FIELDS["prediction"]
    chosen = found["rationale"]
    taken = {column for field, column in found.items() if field != "prediction"}
    short: list[str] = []
    for other in [each for each in candidates(free, names) if each not in taken]:
        told = [(reply_of(row, chosen), reply_of(row, other)) for row, _ in pairs]
        both = [(one, two) for one, two in told if one and two and one != two]
        if not both or all(_is_short(two) for _, two in both):
            short += [other] if both else []
        elif all(_is_short(one) for one, _ in both):
            short.append(chosen)
            chosen = other
        elif all(one in two for one, two in both):
            chosen = other
        elif not all(two in one for one, two in both):
            raise UserError(_two_rationales(name, chosen, other, *both[0]))
    rest = found.get("prediction", "")
    answer = rest if rest not in ("", chosen) else next((each for each in short if each != chosen), "")
    changed = {"rationale": chosen}
    if "prediction" not in given:
        changed["prediction"] = answer
        _refuse_true_rationale(name, chosen, answer, pairs)
    return {field: column for field, column in changed.items() if column}


def _is_short(text: str) -> bool:
    return len(text.split()) <= _SHORT_WORDS


def _two_rationales(name: str, one: str, two: str, said: str, also: str) -> str:
    return (
        f"{name}: “{one}” and “{two}” could both be the model's rationale, and they differ (“{said[:_MAX_SHOWN]}” and "
        f"“{also[:_MAX_SHOWN]}”): say which one it is (rationale=COLUMN)."
    )


def _refuse_true_rationale(
    name: str, rationale: str, answer: str, pairs: Sequence[tuple[Mapping[str, Any], Sample]]
) -> None:
    """Raises UserError where the rationale states the truth in every row, and the model's answer another one."""
    if not answer:
        return
    stated = [
        (one, read_answer(reply_of(row, answer), sample.options).answer, sample)
        for row, sample in pairs
        if (one := read_answer(reply_of(row, rationale), sample.options).answer) is not None
    ]
    wrong = [two for _, two, sample in stated if two is not None and not is_correct(two, sample.answer)]
    if len(wrong) > 1 and all(is_correct(one, sample.answer) for one, _, sample in stated):
        raise UserError(
            f"{name}: “{rationale}” states the truth of every sample, but “{answer}” another answer (“{wrong[0]}”), so "
            "it may not be the model's: say which columns are (rationale=COLUMN, prediction=COLUMN)."
        )


def _refuse_questions(name: str, column: str, pairs: Sequence[tuple[Mapping[str, Any], Sample]]) -> None:
    told = [(normalise(text), normalise(sample.question)) for row, sample in pairs if (text := reply_of(row, column))]
    if told and all(one == two for one, two in told):
        raise UserError(
            f"{name}: “{column}” holds the samples' questions, not a model's replies: import it as a validation or "
            "test set, or say which column is the rationale (rationale=COLUMN)."
        )


def _refuse_second_answer(
    name: str, free: Sequence[str], found: Mapping[str, str], pairs: Sequence[tuple[Mapping[str, Any], Sample]]
) -> None:
    """Raises UserError where another column is called a prediction too, and names another answer."""
    chosen = found["prediction"]
    others = [each for each in candidates(free, PREDICTION_FIELDS["prediction"]) if each not in found.values()]
    for other in others:
        for row, sample in pairs:
            one, two = (read_answer(reply_of(row, column), sample.options).answer for column in (chosen, other))
            if one is not None and two is not None and not is_correct(one, two):
                raise UserError(
                    f"{name}: “{chosen}” and “{other}” could both be the model's answer, and they differ for sample "
                    f"{sample.source_id} (“{one[:_MAX_SHOWN]}” and “{two[:_MAX_SHOWN]}”): say which one it is "
                    "(prediction=COLUMN)."
                )
