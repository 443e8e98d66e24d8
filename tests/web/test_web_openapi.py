"""The OpenAPI document is what the server does: examples fit, and Schemathesis finds no way round.

Schemathesis asks a real server, also for what no client should; answers have to fit the document.
"""

import os
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from neonat.web.app import create_app
from neonat.web.guard import Guard
from neonat.web.openapi import document
from neonat.web.options import Options
from web.parts import Site, Ward


def the_server_does_not_fail(_context: Any, answer: Any, _case: Any) -> None:
    """503 is an answer: there is no broker here."""
    assert answer.status_code not in (500, 502, 504), answer.text


CHECKS = [
    the_server_does_not_fail,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# Of each way to ask; the server is asked in earnest.
EXAMPLES = int(os.environ.get("NEONAT_HTTP_EXAMPLES", "6"))
# Never ends by itself; its own tests read it.
ENDLESS = ("/api/v1/stream",)


def made() -> dict[str, Any]:
    app = create_app(Options("sqlite:///nowhere.db"))
    assert isinstance(app, Guard)
    return document(app._app)  # type: ignore[arg-type]


DOCUMENT = made()
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)


def test_every_path_of_the_interface_is_in_the_document() -> None:
    app = create_app(Options("sqlite:///nowhere.db"))
    known = {
        path
        for route in app._app.routes  # type: ignore[attr-defined]
        if (path := getattr(route, "path", "")).startswith("/api/")
    }
    assert known <= {*DOCUMENT["paths"], "/api/v1/openapi.json"}
    for methods in DOCUMENT["paths"].values():
        for operation in methods.values():
            assert operation["description"] and operation["tags"]
            assert "422" not in operation["responses"] and "default" in operation["responses"]


def test_every_example_fits_its_schema() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    count = 0
    for name, schema in schemas.items():
        whole = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}
        validator = jsonschema_rs.Draft202012Validator(whole)
        for example in schema.get("examples", ()):
            validator.validate(example)
            count += 1
    assert count >= 25
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if body is not None:
                name = body["schema"]["$ref"].rpartition("/")[2]
                assert schemas[name].get("examples"), f"{method} {path} has no example to send"
            for status, answer in operation["responses"].items():
                found = answer.get("content", {}).get("application/json")
                if found is None or not status.startswith("2"):
                    continue
                name = found["schema"]["$ref"].rpartition("/")[2]
                assert schemas[name].get("examples"), f"{method} {path} has no example"


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    ward = Ward(tmp_path_factory.mktemp("openapi") / "neonat.db")
    ward.health()
    for ago in (3_600_000, 0):
        ward.usual("bed-1", ago=ago)
    ward.feed("bed-1", (0x27, b"C43O2 SENS ERR "))
    ward.state("bed-1")
    site = Site(ward.url, sign_in="never")
    yield site
    site.stop()
    ward.store.close()


@SCHEMA.exclude(path=list(ENDLESS)).parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
)
def test_answers_fit_the_document(asked: Site, case: Any) -> None:
    headers = {"X-CSRF-Token": asked.json("/api/v1/me")["csrf"]}
    case.call_and_validate(base_url=asked.address, headers=headers, checks=CHECKS, timeout=60)


def test_what_is_really_there_fits_the_document(asked: Site) -> None:
    """Schemathesis seldom finds a gateway that is there."""
    for path in (
        "/healthz",
        "/api/v1/me",
        "/api/v1/ward",
        "/api/v1/gateways",
        "/api/v1/gateways/bed-1/latest",
        "/api/v1/gateways/bed-1/readings",
        "/api/v1/gateways/bed-1/alarms",
        "/api/v1/gateways/bed-1/events",
        "/api/v1/gateways/bed-1/gaps/spans",
        "/api/v1/gateways/bed-1/actions",
        "/api/v1/alarms",
        "/api/v1/alarms/counts",
        "/api/v1/assignments",
        "/api/v1/audit-trail",
        "/api/v1/fleet",
    ):
        form = path.replace("bed-1", "{gateway}")
        answer = DOCUMENT["paths"][form]["get"]["responses"]["200"]
        ref = answer["content"]["application/json"]["schema"]["$ref"]
        whole = {"$ref": ref, "components": DOCUMENT["components"]}
        jsonschema_rs.Draft202012Validator(whole).validate(asked.json(path))
