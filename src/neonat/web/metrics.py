"""Prometheus text exposition, version 0.0.4."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


Samples = list[tuple[dict[str, str], float]]


class Family(NamedTuple):
    """One metric: `samples` are (labels, value) pairs; `suffixes` of their names, if any."""

    name: str
    kind: str
    text: str
    samples: Samples
    suffixes: tuple[str, ...] = ()


def histogram(
    name: str, text: str, bounds: Sequence[float], counts: Sequence[int], total: float
) -> Family:
    """A histogram from the count of each bucket, the last one open, and the sum of all values."""
    samples: Samples = []
    before = 0
    for bound, count in zip([*map(str, bounds), "+Inf"], counts, strict=True):
        before += count
        samples.append(({"le": bound}, before))
    suffixes = ("_bucket",) * len(samples) + ("_sum", "_count")
    return Family(name, "histogram", text, [*samples, ({}, total), ({}, before)], suffixes)


def render(families: Iterable[Family]) -> str:
    """The families as text; label values and help are escaped, names are trusted."""
    lines = []
    for family in families:
        help_text = family.text.replace("\\", "\\\\").replace("\n", "\\n")
        lines.append(f"# HELP {family.name} {help_text}")
        lines.append(f"# TYPE {family.name} {family.kind}")
        suffixes = family.suffixes or ("",) * len(family.samples)
        lines.extend(
            f"{family.name}{suffix}{_labels(labels)} {_number(value)}"
            for suffix, (labels, value) in zip(suffixes, family.samples, strict=True)
        )
    return "\n".join(lines) + "\n"


def safe_name(text: str) -> str:
    """`text` as part of a metric name."""
    return re.sub(r"[^a-z0-9_]", "_", text.lower(), flags=re.ASCII)


def _labels(labels: dict[str, str]) -> str:
    if not labels:
        return ""
    pairs = ",".join(f'{name}="{_escape(value)}"' for name, value in labels.items())
    return "{" + pairs + "}"


def _escape(value: str) -> str:
    clean = value.encode("utf-8", "replace").decode()
    return clean.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return repr(int(value)) if float(value).is_integer() else repr(float(value))
