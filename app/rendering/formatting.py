"""Values as plain text: shares, durations, times, counts with their noun, and texts cut to a length.

Nothing here is escaped: templates do that.
"""

from datetime import UTC, datetime


def percent(share: float, digits: int = 1) -> str:
    """0.541 → "54.1 %"."""
    return f"{share * 100:.{digits}f} %"


def points(share: float, digits: int = 1) -> str:
    """A difference of shares in percentage points, with its sign: −0.041 → "−4.1"."""
    return f"{share * 100:+.{digits}f}".replace("-", "−")


def duration(seconds: float) -> str:
    """8 → "8 s", 200 → "3 min 20 s", 7500 → "2 h 5 min"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def count(number: int, one: str, many: str = "") -> str:
    """ "1 error", "2 errors", with thousands separated."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def clock(moment: str) -> str:
    """An ISO time as "24 Nov 14:02" in this machine's time zone; the text itself where it is not a time."""
    try:
        return datetime.fromisoformat(moment).astimezone().strftime("%-d %b %H:%M")
    except ValueError:
        return short(moment, 20)


def utc(moment: str) -> str:
    """An ISO time as "2026-11-24 13:02" in UTC; the text itself where it is not a time."""
    try:
        return datetime.fromisoformat(moment).astimezone(UTC).strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return short(moment, 20)


def cut(value: object, limit: int) -> str:
    """The text cut to ``limit`` characters, with an ellipsis where something is left out."""
    text = str(value)
    return text if len(text) <= limit else text[:limit].rstrip() + " …"


def short(value: object, limit: int = 90) -> str:
    """One line for a list: white space folded, cut to ``limit`` characters."""
    return cut(" ".join(str(value).split()), limit)
