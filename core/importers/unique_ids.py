"""Give each sample an id of its own where a file repeats one, and refuse what is the same sample twice.

In LLaVA's mixes an id names the picture, not the row: a further row with another question is named "id-2", "id-3", ….
Rows with the same id and question are the same sample, or contradict each other, and are refused. Takes about 100 bytes
a row.
"""

from collections.abc import Iterator
from dataclasses import replace

from core.importers.containers.json_rows import Row
from core.importers.references.image_tags import check_tags
from core.importers.results import Duplicate, ReadSample, RowError
from core.types import Refusal, Role, Sample

FoundSample = tuple[Row, tuple[Sample, str] | RowError]
# Hashes are cut so that Python keeps them in few bytes.
_CONTENT_BITS = (1 << 30) - 1


def unique_samples(found: Iterator[FoundSample], name: str, role: Role) -> Iterator[ReadSample | Refusal]:
    """The samples with ids of their own, and the refused rows."""
    first: dict[int, int] = {}
    repeated: dict[int, tuple[int, set[int]]] = {}
    for row, parsed in found:
        try:
            if isinstance(parsed, RowError):
                raise parsed
            sample, split = check_tags(parsed[0]), parsed[1]
        except RowError as error:
            yield Refusal(file=row.file or name, line=row.line, field=error.field, reason=error.reason)
            continue
        key, content = hash(sample.source_id), _content(sample, role)
        if key not in first:
            first[key] = content
            yield ReadSample(line=row.line, sample=sample, split=split)
            continue
        number, contents = repeated.get(key, (1, {first[key]}))
        if content in contents:
            yield duplicate_refusal(row.file or name, row.line, sample.source_id)
            continue
        own = ""
        while not own or hash(own) in first:
            number += 1
            own = f"{sample.source_id}-{number}"
        first[hash(own)] = content
        repeated[key] = (number, contents | {content})
        yield ReadSample(line=row.line, sample=replace(sample, source_id=own), split=split, given_id=sample.source_id)


def renamed_note(rows: int, first: ReadSample) -> str:
    """What is said of rows whose ids were made unique, the first of which is given."""
    many = "1 row shares its id" if rows == 1 else f"{rows:,} rows share their ids"
    return (
        f"{many} with an earlier row that asks something else: each is named with a number, the first "
        f"“{first.sample.source_id}” instead of “{first.given_id}”."
    )


def duplicate_refusal(file: str, line: int, source_id: str) -> Duplicate:
    """The refusal of a row whose id occurred earlier."""
    return Duplicate(
        file=file, line=line, field="id", reason=f"The id “{source_id}” occurs on an earlier line: give each its own."
    )


def _content(sample: Sample, role: Role) -> int:
    """What tells rows with one id apart: the question; in a support set, the response as well."""
    told = (sample.question, sample.image, sample.options, sample.response if role == "support" else "")
    return hash(told) & _CONTENT_BITS
