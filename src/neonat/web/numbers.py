"""The few numbers that a monitoring system needs, as metric families."""

import contextlib
import math
from datetime import datetime
from typing import Any

from neonat.store import Row, Store
from neonat.web.health import Health
from neonat.web.hub import Hub
from neonat.web.metrics import Family, Samples, histogram
from neonat.web.source import Source, UnavailableError

COUNTERS = {
    "envelopes": "Envelopes taken from the broker.",
    "stored": "Records stored.",
    "repeated": "Records that were in the store before.",
    "commits": "Transactions committed.",
    "let_go": "Messages not taken because the store was behind; gateways send them again.",
}


def collect(source: Source, health: Health, hub: Hub) -> list[Family]:
    """All families; what the store cannot tell now is left out, `neonat_up` says so."""
    status, report = health.examine()
    try:
        rows, missing, size = source.ask(_look)
    except UnavailableError:
        rows, missing, size = [], [], None
    up = Family("neonat_up", "gauge", "1 when ingest and store work.", [({}, int(status["ok"]))])
    stored = _store(missing, size)
    return [up, *_ingest(report), *_commits(report), *_gateways(rows), *stored, *_stream(hub)]


def _look(store: Store) -> tuple[list[Row], list[Row], int | None]:
    return store.gateways(), store.missing(), store.size()


def _store(missing: list[Row], size: int | None) -> list[Family]:
    """What is missing and why, and how much room the rest takes."""
    numbers: Samples = [
        ({"gateway": row["gateway"], "reason": row["reason"]}, row["count"]) for row in missing
    ]
    families = [Family("neonat_gap_numbers", "gauge", "Numbers that are not stored.", numbers)]
    if size is not None:
        text = "Size of the database on disk."
        families.append(Family("neonat_database_bytes", "gauge", text, [({}, size)]))
    return families


def _commits(report: Row) -> list[Family]:
    """How long commits take, and how long after it was heard the newest frame was stored."""
    families = []
    told = report.get("commit_s")
    with contextlib.suppress(KeyError, TypeError, ValueError):
        text = "Duration of commits."
        bounds, counts, total = told["bounds"], told["counts"], told["sum"]  # type: ignore[index]
        families.append(
            histogram("neonat_ingest_commit_seconds", text, bounds, counts, float(total))
        )
    if _is_number(report.get("lag_s")):
        text = "From the stamp of the newest frame of the last commit to that commit."
        families.append(Family("neonat_ingest_lag_seconds", "gauge", text, [({}, report["lag_s"])]))
    return families


def _ingest(report: Row) -> list[Family]:
    families = [
        Family(f"neonat_ingest_{key}_total", "counter", text, [({}, report[key])])
        for key, text in COUNTERS.items()
        if _is_number(report.get(key))
    ]
    refused = report.get("refused")
    if isinstance(refused, dict):
        samples: Samples = [
            ({"reason": str(reason)}, count)
            for reason, count in refused.items()
            if _is_number(count)
        ]
        families.append(
            Family("neonat_ingest_refused_total", "counter", "Input not taken.", samples)
        )
    for key, text in (
        ("waiting", "Envelopes not committed yet."),
        ("connected", "1 with a broker."),
    ):
        if _is_number(report.get(key)):
            families.append(Family(f"neonat_ingest_{key}", "gauge", text, [({}, int(report[key]))]))
    return families


def _gateways(rows: list[Row]) -> list[Family]:
    online: Samples = [({"gateway": row["gateway"]}, int(bool(row["online"]))) for row in rows]
    seen: Samples = []
    for row in rows:
        moment = _seconds(row.get("last_seen"))
        if moment is not None:
            seen.append(({"gateway": row["gateway"]}, moment))
    count = sum(int(value) for _, value in online)
    return [
        Family("neonat_gateways_online", "gauge", "Gateways connected.", [({}, count)]),
        Family("neonat_gateway_online", "gauge", "1 when the gateway is connected.", online),
        Family("neonat_gateway_last_seen_timestamp_seconds", "gauge", "Last record.", seen),
    ]


def _stream(hub: Hub) -> list[Family]:
    return [
        Family("neonat_stream_clients", "gauge", "Listeners of the stream.", [({}, hub.clients)]),
        Family("neonat_stream_events_total", "counter", "Events made.", [({}, hub.events)]),
        Family("neonat_stream_refused_total", "counter", "Listeners refused.", [({}, hub.refused)]),
    ]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _seconds(text: Any) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp()
    except (TypeError, ValueError, OverflowError, OSError):
        return None
