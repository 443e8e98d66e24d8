"""Actions on gateways: asked over the broker, answered by the gateway, kept in the trail."""

import asyncio
import base64
import binascii
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field, StringConstraints
from starlette.responses import Response

from neonat.web.access.roles import Operating, Viewer
from neonat.web.acts import Act
from neonat.web.encode import Json
from neonat.web.options import Operator, OperatorError
from neonat.web.problem import Problem
from neonat.web.shapes import TIME, Asked, Shape, Stamp, asked, example
from neonat.web.site import Here, Site

router = APIRouter(prefix="/api/v1/gateways/{gateway}/actions", tags=["gateways"])

MINUTES_MAX = 60
BUNDLE_MAX = 4 << 20

_ACTION = {
    "id": "5f2c9a10",
    "gateway": "bed-1",
    "action": "restart",
    "state": "done",
    "reply": {"ok": True},
    "error": None,
    "progress": None,
    "asked_at": TIME,
    "ended_at": TIME,
}
Code = Annotated[str, StringConstraints(pattern="^[0-9A-Fa-f]{2}$")]
Period = Annotated[int, Field(ge=0, le=86_400_000)]


class Action(Shape):
    """What was asked of a gateway, and what came of it."""

    model_config = example(_ACTION)
    id: str
    gateway: str
    action: str
    state: Literal["asked", "sending", "trial", "done", "refused", "no_reply"]
    reply: dict[str, Any] | None
    error: str | None
    progress: float | None
    asked_at: Stamp | None
    ended_at: Stamp | None


class Actions(Shape):
    """The latest of one gateway, the newest first; older ones are in the audit trail."""

    model_config = example({"actions": [_ACTION]})
    actions: list[Action]


class NewAction(Asked):
    """What the gateway is to do.

    `set-poll` takes a plan: request codes to milliseconds, or "default". `webrepl` opens it for
    `minutes`, 0 closes it. `update` takes a bundle that was packed at the desk, in base64.
    """

    model_config = asked(
        {"action": "restart"},
        {"action": "set-poll", "plan": {"24": 1000}},
        {"action": "webrepl", "minutes": 10},
    )
    action: Literal["restart", "set-poll", "webrepl", "update"]
    plan: dict[Code, Period] | Literal["default"] | None = None
    minutes: Annotated[int, Field(ge=0, le=MINUTES_MAX)] | None = None
    bundle: Annotated[str, Field(max_length=BUNDLE_MAX * 4 // 3 + 4)] | None = None


@router.get("", response_model=Actions)
async def actions(site: Here, who: Viewer, gateway: str) -> Response:
    """What was asked of a gateway lately, and how it went."""
    await site.ask_of(gateway, lambda store: True)
    return Json({"actions": [act.told() for act in site.acts.of(gateway)]})


@router.post("", response_model=Action, responses={202: {"model": Action}})
async def act(site: Here, who: Operating, gateway: str, given: NewAction) -> Response:
    """Ask a gateway to do something, and wait for its reply.

    An update takes minutes: it answers 202 at once, and GET says how far it is.
    """
    operator = site.options.operator
    if operator is None:
        raise Problem(
            503,
            "this server has no connection to the broker: start it with --broker, or use neonat"
            " serve",
            kind="no-broker",
            french="ce serveur n'a pas de connexion au broker : lancez-le avec --broker, ou"
            " utilisez neonat serve",
        )
    await site.ask_of(gateway, lambda store: True)
    _check(given)
    if given.action == "update":
        bundle = _bundle(given)
        try:
            details: dict[str, Any] = {"version": operator.version(bundle)}
        except OperatorError as error:
            french = "ce fichier n'est pas un paquet de mise à jour"
            raise Problem(400, str(error), french=french) from error
        made = site.acts.begin(gateway, given.action)
        await site.note(who, given.action, "asked", gateway, **details)
        site.acts.keep(asyncio.create_task(_delivered(site, operator, made, bundle, who, details)))
        return Json(made.told(), status_code=202)
    command: dict[str, Any] = {"command": given.action}
    details = {}
    if given.action == "set-poll":
        command["plan"] = details["plan"] = given.plan
    if given.action == "webrepl":
        minutes = 10 if given.minutes is None else given.minutes
        command["minutes"] = details["minutes"] = minutes
    made = site.acts.begin(gateway, given.action)
    # Into the trail before it is asked: nothing is done that is not written down.
    await site.note(who, given.action, "asked", gateway, **details)
    try:
        made.answered(await site.acts.in_thread(lambda: operator.ask(gateway, command)))
    except OperatorError as error:
        made.failed(str(error))
        await site.note(who, given.action, "no_broker", gateway, **details)
        french = f"pas de connexion au broker ({error})"
        raise Problem(503, str(error), kind=error.kind, french=french) from error
    await site.note(who, given.action, made.state, gateway, **details, error=made.error)
    return Json(made.told())


async def _delivered(
    site: Site, operator: Operator, made: Act, bundle: bytes, who: Any, details: dict[str, Any]
) -> None:
    try:
        state, error = await site.acts.in_thread(
            lambda: operator.deliver(made.gateway, bundle, made.moved)
        )
        made.ended(state, error)
    except OperatorError as trouble:
        made.failed(str(trouble))
    await site.note(who, "update", made.state, made.gateway, **details, error=made.error)


def _check(given: NewAction) -> None:
    """Problem 400 for what does not belong to the action."""
    wanted = {"set-poll": "plan", "webrepl": "minutes", "update": "bundle"}
    own = wanted.get(given.action)
    for name in wanted.values():
        value = getattr(given, name)
        if value is not None and name != own:
            raise Problem(
                400,
                f"'{name}' does not belong to {given.action}",
                french=f"« {name} » ne va pas avec {given.action}",
            )
    if own in ("plan", "bundle") and not getattr(given, own):
        raise Problem(
            400, f"{given.action} needs '{own}'", french=f"il manque « {own} » pour {given.action}"
        )


def _bundle(given: NewAction) -> bytes:
    try:
        return base64.b64decode(given.bundle or "", validate=True)
    except (binascii.Error, ValueError) as error:
        french = "« bundle » n'est pas du base64"
        raise Problem(400, "'bundle' is no base64", french=french) from error
