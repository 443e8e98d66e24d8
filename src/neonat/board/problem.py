"""How work on boards fails."""


class BoardError(Exception):
    """It cannot be done: one line that says why and what to do."""


MISSING = "{} is not installed: run scripts/setup board"
