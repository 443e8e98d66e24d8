"""The OpenAPI document, made from the endpoints, and what it says about requests."""

from functools import lru_cache
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request

from neonat.web.problem import Problem
from neonat.web.shapes import Asked, ProblemShape, Shape

_DESCRIPTION = """Newborn incubator data: what is stored, and what happens now.

For documentation and research, not for alarming. Times are UTC, ISO 8601 with milliseconds and `Z`;
units are UCUM. Keys are added over time and never renamed. Requests that change something carry
`X-CSRF-Token` (the `csrf` of `/api/v1/me`) unless they carry an API token."""

_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemShape"}}}
_UNSAFE = ("post", "put", "patch", "delete")


def document(app: FastAPI) -> dict[str, Any]:
    """The document; the same object each time."""
    if app.openapi_schema is None:
        made = get_openapi(
            title="neonat",
            version=version("neonat"),
            description=_DESCRIPTION,
            license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
            routes=app.routes,
        )
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        schemas["ProblemShape"] = ProblemShape.model_json_schema()
        _put_examples(schemas)
        for methods in made["paths"].values():
            for method, operation in methods.items():
                _mend(method, operation)
        app.openapi_schema = made
    return app.openapi_schema


def _put_examples(schemas: dict[str, Any]) -> None:
    """Whole examples: FastAPI leaves out of them what is null."""
    models = [Shape, Asked]
    while models:
        model = models.pop()
        models += model.__subclasses__()
        extra = model.model_config.get("json_schema_extra")
        if model.__name__ in schemas and isinstance(extra, dict) and "examples" in extra:
            schemas[model.__name__]["examples"] = extra["examples"]


def _mend(method: str, operation: dict[str, Any]) -> None:
    """Errors are problems everywhere; what changes something may need a header."""
    answers = operation["responses"]
    answers.pop("422", None)
    answers["default"] = {
        "description": "A problem (RFC 9457): what is wrong and what to do",
        "content": _PROBLEM,
    }
    if method in _UNSAFE:
        operation.setdefault("parameters", []).append(
            {
                "name": "X-CSRF-Token",
                "in": "header",
                "required": False,
                "schema": {"type": "string"},
                "description": "The `csrf` of `/api/v1/me`; not needed with an API token.",
            }
        )


async def only_what_is_known(request: Request) -> None:
    """Problem 400 for a parameter that the document does not name, or one that is there twice.

    A misspelt `from` would otherwise give years of data in place of an hour, silently.
    """
    given = request.query_params
    if not given:
        return
    method = "get" if request.method == "HEAD" else request.method.lower()
    names = _names(request.app, request.scope["route"].path, method)
    for name in given:
        if name not in names:
            known = ", ".join(names) if names else "none"
            raise Problem(
                400,
                f"unknown parameter {name[:100]!r}; known here: {known}",
                french=f"paramètre inconnu {name[:100]!r} ; connus ici : {known}",
            )
        if len(given.getlist(name)) > 1 and not names[name]:
            raise Problem(
                400,
                f"parameter {name!r} is given more than once",
                french=f"le paramètre {name!r} est donné plusieurs fois",
            )


@lru_cache(maxsize=256)
def _names(app: FastAPI, path: str, method: str) -> dict[str, bool]:
    """The parameters, and whether they may be there several times."""
    operation = document(app)["paths"].get(path, {}).get(method, {})
    return {
        one["name"]: one["schema"].get("type") == "array"
        for one in operation.get("parameters", ())
        if one["in"] == "query"
    }
