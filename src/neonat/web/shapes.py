"""What many requests and answers have in common, as types that also make the OpenAPI document."""

import base64
import json
import re
from functools import partial
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from neonat.web.priority import LEVELS
from neonat.web.problem import Problem
from neonat.web.query import (
    LIMIT_DEFAULT,
    LIMIT_MAX,
    NAME_MAX,
    POINTS_MAX,
    NotATimeError,
    ms_of,
)

DAY_MS = 86_400_000
TIME = "2026-11-23T08:45:00.000Z"
GATEWAY = r"^[A-Za-z0-9_-]{1,32}$"

# A `detail` of our own starts with this type; others are put together from what pydantic says.
OURS = "neonat"


def _moment(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    try:
        return ms_of(text)
    except NotATimeError as error:
        french = "n'est pas une date ; écrivez-la comme 2026-11-23T08:45:00.000Z"
        raise PydanticCustomError(OURS, "{told}", {"told": str(error), "french": french}) from None


def _number(text: Any, most: int) -> Any:
    number = int(text) if re.fullmatch(r"[0-9]{1,9}", str(text), re.ASCII) else 0
    if not 1 <= number <= most:
        told = f"must be a whole number from 1 to {most}"
        french = f"doit être un nombre entier de 1 à {most}"
        raise PydanticCustomError(OURS, "{told}", {"told": told, "french": french})
    return number


def _level_list(text: Any) -> Any:
    if not set(str(text).split(",")) <= set(LEVELS):
        told = f"is one or some of {', '.join(LEVELS)}, with commas between them"
        french = f"est un ou plusieurs de {', '.join(LEVELS)}, séparés par des virgules"
        raise PydanticCustomError(OURS, "{told}", {"told": told, "french": french})
    return text


Moment = Annotated[
    int,
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": [TIME]}),
]
Limit = Annotated[
    int,
    BeforeValidator(partial(_number, most=LIMIT_MAX)),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": LIMIT_MAX}),
]
Points = Annotated[
    int,
    BeforeValidator(partial(_number, most=POINTS_MAX)),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": POINTS_MAX}),
]
# A text, since a list would be a parameter that is given several times.
Levels = Annotated[
    str,
    BeforeValidator(_level_list),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": "^(high|medium|low)(,(high|medium|low))*$",
            "examples": ["high,medium"],
        }
    ),
]
Zone = Annotated[str, Field(max_length=64, examples=["Europe/Paris"])]
Stamp = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Word = Annotated[str, Field(min_length=1, max_length=NAME_MAX)]
GatewayId = Annotated[str, Field(pattern=GATEWAY)]


class Shape(BaseModel):
    """An object of an answer: keys may be added to it."""

    model_config = ConfigDict(extra="allow")


class Asked(BaseModel):
    """An object that is sent: a key that is not known is an error."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Query(BaseModel):
    """Parameters of a request."""

    model_config = ConfigDict(extra="forbid")


class Span(Query):
    """A time: `from` inclusive, `to` exclusive."""

    start: Moment | None = Field(None, alias="from")
    end: Moment | None = Field(None, alias="to")


class Paged(Query):
    """A page of a list."""

    limit: Limit = LIMIT_DEFAULT
    cursor: Annotated[str, Field(max_length=500)] | None = None


class ProblemShape(Shape):
    """A problem by RFC 9457."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:neonat:problem:not-found",
                    "title": "Not found",
                    "status": 404,
                    "detail": "no gateway 'bed-9' has been seen",
                }
            ]
        }
    )
    type: str
    title: str
    status: int
    detail: str


def example(*examples: dict[str, Any]) -> ConfigDict:
    """The configuration of a `Shape` with examples."""
    return ConfigDict(extra="allow", json_schema_extra={"examples": list(examples)})


def asked(*examples: dict[str, Any]) -> ConfigDict:
    """The configuration of an `Asked` with examples."""
    return ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": list(examples)})


def zone_of(name: str) -> ZoneInfo:
    """A time zone; Problem 400 when there is none of this name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Problem(
            400,
            "'zone' is no time zone; write it like Europe/Paris",
            french="« zone » n'est pas un fuseau horaire ; écrivez-le comme Europe/Paris",
        ) from None


def cursor_of(*values: Any) -> str:
    """An opaque place in a list."""
    text = json.dumps(values, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def place_of(cursor: str | None, *kinds: type) -> tuple[Any, ...] | None:
    """What `cursor_of` was given, by types; Problem 400 for what is no cursor of this list."""
    if cursor is None:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        values = None
    fits = isinstance(values, list) and len(values) == len(kinds)
    if not fits or any(type(value) is not kind for value, kind in zip(values, kinds, strict=True)):
        raise not_of_this_list()
    if any(isinstance(value, int) and abs(value) > 1 << 62 for value in values):
        raise not_of_this_list()
    return tuple(values)


def not_of_this_list() -> Problem:
    """The problem of a cursor that its list did not give."""
    return Problem(
        400,
        "'cursor' is not one of this list: take `next` of the page before",
        french="« cursor » n'est pas de cette liste : prenez `next` de la page d'avant",
    )
