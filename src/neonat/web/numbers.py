"""The few numbers that a monitoring system needs, as metric families."""

import math
from datetime import datetime
from typing import Any

from neonat.store import Row
from neonat.web.health import Health
from neonat.web.hub import Hub
from neonat.web.metrics import Family, Samples
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
        rows = source.ask(lambda store: store.gateways())
    except UnavailableError:
        rows = []
    up = Family("neonat_up", "gauge", "1 when ingest and store work.", [({}, int(status["ok"]))])
    return [up, *_ingest(report), *_gateways(rows), *_stream(hub)]


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
    return [
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
