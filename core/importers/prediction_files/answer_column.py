"""Whether a column is the model's answer or the truth, settled over all rows of a file of predictions.

Each prediction is read twice: with the column as its answer, and from its text alone. A column that equals the samples'
truths in every row is the truth. One that differs from them and never contradicts the text is the model's answer. Where
both remain possible and would give different results, the file is refused.
"""

from dataclasses import dataclass, field

from core.errors import UserError
from core.importers.results import ImportedPrediction
from core.parsing.answer import is_correct
from core.parsing.scoring import score_answer
from core.types import Sample

_MAX_SHOWN = 60
_MIN_CONTRADICTED = 2  # rows, before a column that is called a prediction is doubted


@dataclass(kw_only=True)
class AnswerColumn:
    """The evidence on one column; ``trusted`` where its name says that it is a prediction."""

    file: str
    column: str
    rationale: str
    trusted: bool
    rows: int = 0
    same: int = 0
    true: int = 0
    clear: int = 0
    contradicted: list[str] = field(default_factory=list)

    def compare(self, by_column: ImportedPrediction, by_text: ImportedPrediction, sample: Sample) -> None:
        """Count a row that was read both ways."""
        self.rows += 1
        self.same += by_column.answer == by_text.answer
        self.true += score_answer(by_column.answer, sample)[0]
        if by_text.answer is None or (sample.options and by_text.answer not in sample.options):
            return
        self.clear += 1
        if by_column.answer is None or by_column.answer == by_text.answer:
            return
        if by_column.answer in sample.options or not is_correct(by_text.answer, by_column.answer):
            said = f"“{by_column.answer[:_MAX_SHOWN]}” and “{by_text.answer[:_MAX_SHOWN]}”"
            self.contradicted.append(f"sample {sample.source_id}: {said}")
            del self.contradicted[_MIN_CONTRADICTED:]

    def is_models(self) -> bool:
        """Whether the column is the model's answer. Raises UserError where it may be the truth as well."""
        is_true = self.rows > 0 and self.true == self.rows
        if self.trusted:
            if is_true and len(self.contradicted) >= _MIN_CONTRADICTED:
                raise UserError(self._question("equals the truth of every sample, but"))
            return True
        if not self.rows:
            return False
        if self.same == self.rows or not (is_true or self.contradicted):
            return True
        if is_true and self.clear * 2 >= self.rows:
            return False
        what = "equals the truth of every sample, but" if is_true else "differs from the truths, and"
        raise UserError(self._question(what))

    def note(self) -> str:
        """What is said where the column is left out."""
        return (
            f"“{self.column}” equals the truth of every sample, so it is not taken for the model's answer, which is "
            f"read from “{self.rationale}”; prediction={self.column} overrides this."
        )

    def _question(self, what: str) -> str:
        says = f"“{self.rationale}” states no answer"
        if self.contradicted:
            says = f"“{self.rationale}” says otherwise ({self.contradicted[0]})"
        return (
            f"{self.file}: “{self.column}” {what} {says}: say whether it is the model's answer "
            f"(prediction={self.column}) or not (prediction=)."
        )
