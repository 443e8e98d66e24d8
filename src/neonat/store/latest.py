"""The newest of everything, of one gateway or of all in the same few questions."""

# ruff: noqa: S608 - statements are put together from this package's own text only.

import json
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any

from neonat.store.records import Row
from neonat.store.views import STAMP, Views

if TYPE_CHECKING:
    from neonat.store.queries import Queries

_READING = ("code", "codepage", "name", "value", "unit", "raw", "at")
_NOTHING = {"at": None, "received_at": None, "clock": None}


def newest(ask: "Queries", gateway: str | None = None) -> list[Row]:
    """What the page shows of one gateway or of all, by name; ready for JSON."""
    where = "" if gateway is None else "WHERE g.name = ?"
    values = () if gateway is None else (gateway,)
    sql = _statements(ask.views, where)
    gateways = ask.base.execute(sql["gateways"], values).fetchall()
    if not gateways:
        return []
    devices = {row.pop("gateway"): row for row in ask.rows_of(sql["devices"], values)}
    answers: dict[int, dict[str, Row]] = defaultdict(dict)
    for row in ask.rows_of(sql["answers"], values):
        answers[row.pop("gateway")][row.pop("request")] = row
    cells: dict[int, list[Row]] = defaultdict(list)
    for row in ask.rows_of(sql["cells"], values):
        cells[row.pop("gateway")].append(row)
    return [
        {
            **_heard(name, online, state, devices.get(ident), answers[ident]),
            **_items(ask, ident, cells[ident]),
        }
        for ident, name, online, state in gateways
    ]


def truth(value: int | None) -> bool | None:
    """A column of 1, 0 and NULL."""
    return None if value is None else bool(value)


def _heard(
    name: str, online: int | None, state: str | None, device: Row | None, answers: dict[str, Row]
) -> Row:
    told: Any = json.loads(state) if state else {}
    last = max(answers.values(), key=lambda one: (one["boot"], one["seq"]), default=_NOTHING)
    return {
        "gateway": name,
        "online": truth(online),
        "device": device or (told.get("device") if told else None),
        "state": told,
        **{key: last[key] for key in _NOTHING},
        "answers": {
            request: {key: one[key] for key in ("at", "received_at")}
            for request, one in sorted(answers.items())
        },
    }


def _items(ask: "Queries", ident: int, cells: list[Row]) -> Row:
    kinds: dict[str, list[Row]] = {
        name: [] for name in ("reading", "alarm", "setting", "text", "limit")
    }
    for cell in cells:
        if cell["kind"] in kinds:
            kinds[cell["kind"]].append(cell)
    begun = {
        request: ask.alarms_begun(ident, request)
        for request in {cell["request"] for cell in kinds["alarm"]}
    }
    return {
        "readings": [_only(cell, _READING) for cell in kinds["reading"]],
        "alarms": [
            {
                **_only(cell, ("code", "codepage", "priority")),
                "phrase": cell["text"],
                "name": cell["name"],
                "started_at": begun[cell["request"]].get((cell["codepage"], cell["code"])),
                "last_seen_at": cell["at"],
            }
            for cell in kinds["alarm"]
        ],
        "settings": [
            _only(cell, ("code", "name", "value", "unit", "raw", "at")) for cell in kinds["setting"]
        ],
        "texts": [_only(cell, ("code", "name", "text", "at")) for cell in kinds["text"]],
        "limits": [_only(cell, (*_READING, "side")) for cell in kinds["limit"]],
    }


def _only(row: Row, keys: tuple[str, ...]) -> Row:
    return {key: row[key] for key in keys}


@cache
def _statements(views: Views, where: str) -> dict[str, str]:
    iso = views.iso
    heard = "FROM gateway g JOIN latest x ON x.gateway = g.id"
    run = "JOIN run r ON r.gateway = x.gateway AND r.boot = x.boot"
    return {
        "gateways": f"""
SELECT g.id, g.name, g.online, g.state FROM gateway g {where} ORDER BY g.name""",
        "devices": f"""
SELECT g.id AS gateway, s.device AS id, s.device_name AS name, s.revision AS revision
FROM gateway g JOIN shape s ON s.id = (
  SELECT x.shape FROM stretch x WHERE x.gateway = g.id AND x.request = '52'
  ORDER BY x.boot DESC, x.seq DESC LIMIT 1) {where}""",
        "answers": f"""
SELECT x.gateway AS gateway, x.request AS request, x.boot AS boot, x.seq AS seq,
  {iso(STAMP)} AS at, {iso("x.received_at")} AS received_at,
  CASE WHEN x.unset = 0 THEN 'set' WHEN r.clock_seq IS NULL THEN 'unset' ELSE 'corrected' END
    AS clock
{heard} {run} {where}""",
        "cells": f"""
SELECT x.gateway AS gateway, x.request AS request, c.kind AS kind, {iso(STAMP)} AS at,
  c.code AS code, c.codepage AS codepage, c.side AS side, c.priority AS priority, c.text AS text,
  k.name AS name, k.unit AS unit, {views.latest_cell}
{heard} {run}
JOIN cell c ON c.shape = x.shape
LEFT JOIN catalog k ON k.item = c.item AND k.model = (
  SELECT t.model FROM tenure t WHERE t.gateway = x.gateway
  ORDER BY t.boot DESC, t.first DESC LIMIT 1)
{where} ORDER BY x.gateway, x.request, c.pos""",
    }
