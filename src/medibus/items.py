"""What a frame says: its items."""

from .frame import Frame


def items(frame: Frame, model: object = None) -> list:
    """The items of a frame, in order."""
    return []


def as_dict(item: object) -> dict:
    """An item with exactly the keys of commands.md."""
    return {}


def request_name(code: int) -> str:
    """What a request asks for."""
    return ""
