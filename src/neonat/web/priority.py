"""What the character of an alarm's priority means: 0x30 + 1…31 (medibus.md, "Babyleo TN500")."""

LEVELS = ("high", "medium", "low")
_FROM = ((25, "high"), (11, "medium"), (1, "low"))


def number_of(priority: str | None) -> int:
    """1 to 31, 0 for what is no known character."""
    number = ord(priority) - 0x30 if priority is not None and len(priority) == 1 else 0
    return number if 1 <= number <= 31 else 0


def level_of(priority: str | None) -> str | None:
    """`high`, `medium`, `low` or None."""
    number = number_of(priority)
    return next((level for least, level in _FROM if number >= least), None)
