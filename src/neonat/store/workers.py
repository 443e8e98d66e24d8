"""What the workers of ingest say of themselves: each its own row, and all of them as one."""

import json
from collections.abc import Iterable
from typing import Any

from neonat.store.base import Base

# A worker that has said nothing for so long since the last word of any is not there any more.
GONE_MS = 60_000
FORGOTTEN_MS = 86_400_000

_LEAST = ("started_at",)
_GREATEST = ("at", "last_commit_at", "lag_s")
_ANY = ("running",)
_ALL = ("connected",)


def tell(base: Base, worker: str, health: dict[str, Any]) -> None:
    """Keep what a worker says; forget those that have been gone for long."""
    at = int(health.get("at") or 0)
    base.execute("DELETE FROM worker WHERE at < ?", (at - FORGOTTEN_MS,))
    base.execute(
        "INSERT INTO worker(name, at, text) VALUES (?, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET at = excluded.at, text = excluded.text",
        (worker, at, json.dumps(health, separators=(",", ":"))),
    )


def told(base: Base) -> dict[str, Any] | None:
    """What the workers say, as of one; None when none ever did."""
    rows = base.execute("SELECT at, text FROM worker ORDER BY name").fetchall()
    newest = max((at for at, _ in rows), default=0)
    found = [json.loads(text) for at, text in rows if at >= newest - GONE_MS]
    running = [one for one in found if one.get("running")] or found
    if len(running) < 2:
        return running[0] if running else None
    return {**_together(running), "workers": len(running)}


def _together(reports: list[dict[str, Any]]) -> dict[str, Any]:
    keys = dict.fromkeys(key for one in reports for key in one)
    return {key: _one(key, [one[key] for one in reports if key in one]) for key in keys}


def _one(key: str, values: list[Any]) -> Any:
    """Counts are summed up; of what is no count, what says most."""
    given = [value for value in values if value is not None]
    if key in _ANY:
        return any(given)
    if key in _ALL:
        return all(given)
    if key in _LEAST:
        return min(given, default=None)
    if key in _GREATEST:
        return max(given, default=None)
    if not given or key == "pid":
        return given[0] if given else None
    return _sum(given)


def _sum(values: list[Any]) -> Any:
    first = values[0]
    if isinstance(first, dict):
        return {
            key: values[0][key] if key == "bounds" else _sum([v[key] for v in values if key in v])
            for key in dict.fromkeys(key for value in values for key in value)
        }
    if isinstance(first, list):
        return [_sum(list(column)) for column in _columns(values)]
    return first if isinstance(first, str | bool) else sum(values)


def _columns(values: list[list[Any]]) -> Iterable[tuple[Any, ...]]:
    return zip(*values, strict=False)
