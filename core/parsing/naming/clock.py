"""Find times of the day that are said in words: "half past two", "deux heures et demie", "两点半"."""

import re
from functools import lru_cache

from core.parsing.labels import Mention
from core.parsing.naming.quantities import quantity_words

_TIME = re.compile(r"\s*(\d{1,2})[:.h](\d{2})\s*(?:[ap]\.?\s?m\.?|uhr|h)?\s*", re.IGNORECASE)
_AT = r"(\d{1,2})(?: h| uhr| 点| 點| 时| 時| बजे)?"
# Patterns over the words of ``quantity_words``, and the minutes that each adds to its hour.
_PHRASES = tuple(
    (re.compile(rf"(?<!\S)(?:{pattern})(?!\S)"), minutes)
    for pattern, minutes in (
        (rf"half past (\d{{1,2}})|साढ़े (\d{{1,2}})|{_AT} (?:et demie?|y media|e meia|e mezza|半)", 30),
        (r"halb (\d{1,2})", -30),
        (rf"quarter past (\d{{1,2}})|viertel nach (\d{{1,2}})|{_AT} (?:et quart|y cuarto|e quarto|1 刻)", 15),
        (rf"quarter to (\d{{1,2}})|viertel vor (\d{{1,2}})|{_AT} (?:moins le quart|menos cuarto)", -15),
        (r"(\d{1,2}) (?:o'clock|uhr)(?! \d)|(\d{1,2}) (?:点|點|时|時)(?! \d| 半)", 0),
    )
)


def find_times(text: str, options: tuple[str, ...]) -> list[Mention]:
    """Every option that is a time and is said in words, where all options are times."""
    times = _times(options)
    if not times:
        return []
    found = quantity_words(text)
    starts, ends, joined = {}, {}, ""
    for word in found:
        starts[len(joined)] = word.start
        joined += word.text
        ends[len(joined)] = word.end
        joined += " "
    named = []
    for phrase, minutes in _PHRASES:
        for match in phrase.finditer(joined):
            hour = int(next(group for group in match.groups() if group))
            said = (hour * 60 + minutes) % 720
            named += [
                Mention(option=at, start=starts[match.start()], end=ends[match.end()])
                for at, time in enumerate(times)
                if time == said and match.start() in starts and match.end() in ends
            ]
    return named


@lru_cache(maxsize=64)
def _times(options: tuple[str, ...]) -> tuple[int, ...]:
    """The options as minutes after noon or midnight; () where one is no time."""
    found = [_TIME.fullmatch(option) for option in options]
    return tuple((int(time[1]) * 60 + int(time[2])) % 720 for time in found if time) if all(found) else ()
