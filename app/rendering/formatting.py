"""Numbers as text: shares, durations, counts with their noun."""


def percent(share: float, digits: int = 1) -> str:
    """0.541 → "54.1 %"."""
    return f"{share * 100:.{digits}f} %"


def points(share: float, digits: int = 1) -> str:
    """A difference of shares in points of per cent, with its sign: −0.041 → "−4.1"."""
    return f"{share * 100:+.{digits}f}".replace("-", "−")


def duration(seconds: float) -> str:
    """Seconds as a person says them: "8 s", "3 min 20 s", "2 h 5 min"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def count(number: int, one: str, many: str = "") -> str:
    """ "1 error", "2 errors", with thousands separated."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
