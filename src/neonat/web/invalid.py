"""What is wrong with a request's parameters or body, as one line in the reader's language."""

from typing import Any

from neonat.web.shapes import OURS
from neonat.web.words import INVALID, INVALID_FR

# By language: what a body has to be, and what it is not.
_BODY = {
    "json_invalid": {"en": "the body is no JSON", "fr": "le corps n'est pas du JSON"},
    "missing": {
        "en": "a JSON object is needed as the body",
        "fr": "le corps doit être un objet JSON",
    },
}


def line(error: dict[str, Any], language: str) -> tuple[str, str]:
    """Which member is wrong by one of pydantic's errors, empty for the whole body; the line."""
    # The first part says whether it was a parameter or the body.
    parts = [str(part) for part in error["loc"][1:] if part != "constrained-str"]
    kind, place = error["type"], ".".join(parts)
    if kind == "json_invalid" or (kind == "missing" and not place):
        return "", _BODY[kind][language]
    return place, _french(error, place) if language == "fr" else _english(error, place)


def _english(error: dict[str, Any], place: str) -> str:
    if error["type"] == "extra_forbidden":
        return f"'{place}' is not known here"
    message = error["msg"]
    if error["type"] == OURS:
        return f"'{place}' {message}"
    return f"'{place}': {message[:1].lower()}{message[1:]}"


def _french(error: dict[str, Any], place: str) -> str:
    given = error.get("ctx", {})
    said = given.get("french") or INVALID.get(error["type"], INVALID_FR).format_map(given)
    return f"« {place} » {said}"
