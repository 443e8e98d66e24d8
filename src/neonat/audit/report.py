"""An audit in words and as JSON: what it found, and by which rules."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from medibus.request_names import request_name
from neonat.audit.account import Account, BootAccount, SignalAccount, Unheard
from neonat.audit.reasons import REASONS
from neonat.audit.scan import STALL_MS
from neonat.audit.track import LEAST_MS, PERIODS, WINDOW
from neonat.gateway.envelope import stamp

RULES = (
    "A gateway numbers all that it records, frames and its own records, from 1 in every boot;"
    " expected are the numbers up to the greatest that is known to exist, in the span those that"
    " lie between two records around it.",
    "Unexplained is a missing number of a boot when no later start of the gateway has said what"
    " it still holds, a boot of which nothing was ever heard in that case, and"
    f" {STALL_MS // 1000} s without any record while the session stood.",
    "A signal is heard from an answer that holds a number for it to the next answer to the same"
    f" request, where that comes within {PERIODS} poll periods or {LEAST_MS // 1000} s;"
    " otherwise for one poll period.",
    f"The poll period is the median time between answers to the request, {WINDOW} at a time, where"
    " that is longer the median of the nine around; the default plan's where fewer than three"
    " answers tell it.",
    "Coverage is the time heard divided by the time asked for: the span, for each gateway; without"
    " one, from its first to its last record.",
    "A time without a signal has the first reason that fits, in the order given.",
)

_NUMBERS = ("expected", "stored", "in_flight", "dropped", "restart", "unexplained")
_RIGHT = frozenset((*_NUMBERS, "boot", "coverage", "heard", "period", *REASONS, "duration"))


class Head(NamedTuple):
    """What was audited: `start` and `end` are the span asked for, UTC in ms, None where open."""

    version: str
    database: str
    schema: int
    at: int
    start: int | None
    end: int | None
    least: int


def time(at: int | None) -> str | None:
    """ISO 8601 of UTC ms."""
    return None if at is None else stamp(at)


def duration(ms: int) -> str:
    """Hours, minutes and seconds."""
    seconds = ms / 1000
    if seconds < 60:
        return f"{seconds:.1f} s"
    hours, rest = divmod(round(seconds), 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}"


def percent(part: int, whole: int) -> str:
    """A share in percent; never 100.00 unless it is all."""
    if whole <= 0:
        return "-"
    hundredths = part * 10000 // whole
    return f"{hundredths // 100}.{hundredths % 100:02} %"


def signal_name(signal: SignalAccount) -> str:
    """What people call a signal."""
    if signal.code is None:
        return f"({request_name(int(signal.request, 16)) or signal.request})"
    return signal.name or f"code {signal.code} page {signal.codepage}"


def table(names: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    """Aligned lines; columns of numbers to the right."""
    texts = [[name.replace("_", " ") for name in names]]
    texts += [["-" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(len(row[place]) for row in texts) for place in range(len(names))]
    for row in texts:
        cells = [
            text.rjust(width) if name in _RIGHT else text.ljust(width)
            for text, width, name in zip(row, widths, names, strict=True)
        ]
        yield ("  " + "  ".join(cells)).rstrip()


def head_lines(head: Head) -> Iterator[str]:
    """The first lines."""
    span = f"{time(head.start) or 'the first record'} to {time(head.end) or 'the last record'}"
    yield f"neonat {head.version}: audit of {head.database}, schema {head.schema}"
    yield f"made at {time(head.at)}, span {span}"


def account_lines(account: Account, device: str) -> Iterator[str]:
    """One gateway."""
    yield ""
    yield f"{account.gateway}  {device}  {time(account.start)} to {time(account.end)}"
    yield from _boots(account)
    yield from _signals(account)
    yield from _gaps(account)


def _boots(account: Account) -> Iterator[str]:
    rows = [
        (boot.boot, time(boot.first_at), time(boot.last_at), boot.clock, *_numbers(boot))
        for boot in account.boots
    ]
    if rows:
        yield from table(("boot", "from", "to", "clock", *_NUMBERS), rows)
    for boots in account.unheard:
        which = f"boot {boots.first}" if boots.first == boots.last else _between(boots)
        yield f"  {which}: nothing was ever heard ({boots.reason})"
    if account.unnumbered:
        yield (
            f"  {account.unnumbered} frames of the original firmware, without numbers:"
            " nothing can be proven of them"
        )


def _between(boots: Unheard) -> str:
    return f"boots {boots.first} to {boots.last}"


def _numbers(boot: BootAccount) -> tuple[int, ...]:
    return tuple(getattr(boot, name) for name in _NUMBERS)


def _signals(account: Account) -> Iterator[str]:
    reasons = [
        reason for reason in REASONS if any(signal.missed.get(reason) for signal in account.signals)
    ]
    rows = [
        (
            signal_name(signal),
            percent(signal.heard, signal.asked),
            duration(signal.heard),
            duration(signal.period),
            *(duration(signal.missed[why]) if signal.missed.get(why) else "" for why in reasons),
        )
        for signal in account.signals
    ]
    if rows:
        yield from table(("signal", "coverage", "heard", "period", *reasons), rows)


def _gaps(account: Account) -> Iterator[str]:
    """Gaps of several signals at about the same time and for the same reason as one line."""
    found = sorted(
        (why, start, end, signal_name(signal))
        for signal in account.signals
        for start, end, why in signal.gaps
    )
    joined: list[tuple[int, int, str, set[str]]] = []
    for why, start, end, name in found:
        last = joined[-1] if joined else None
        if last and last[2] == why and _about_the_same(last[:2], (start, end)):
            joined[-1] = (last[0], max(end, last[1]), why, {*last[3], name})
        else:
            joined.append((start, end, why, {name}))
    rows = [
        (time(start), time(end), duration(end - start), why.replace("_", " "), _who(names, account))
        for start, end, why, names in sorted(joined, key=lambda gap: gap[:2])
    ]
    if rows:
        yield from table(("gap_from", "gap_to", "duration", "reason", "signals"), rows)


def _about_the_same(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether most of both is the same time: requests are not answered at the same moment."""
    both = min(one[1], other[1]) - max(one[0], other[0])
    return both > 0.9 * (max(one[1], other[1]) - min(one[0], other[0]))


def _who(names: set[str], account: Account) -> str:
    if len(names) == len(account.signals):
        return "all"
    return ", ".join(sorted(names)) if len(names) < 4 else f"{len(names)} signals"


def result(accounts: int, numbers: int, lasting: int, unheard: int) -> str:
    """The last line but the rules, in one sentence; what is unexplained makes exit 1."""
    if not accounts:
        return "no gateway has a record in this span"
    if not (numbers or lasting or unheard):
        return f"complete: everything that is missing is explained ({accounts} gateways)"
    return (
        f"unexplained: {numbers} numbers, {unheard} runs of boots, up to {duration(lasting)} of a"
        f" signal ({accounts} gateways)"
    )


def rule_lines() -> Iterator[str]:
    """How it was counted."""
    yield "rules"
    for rule in RULES:
        yield f"  {rule}"
    yield "reasons, in order"
    width = max(map(len, REASONS))
    for reason, meaning in REASONS.items():
        yield f"  {reason.replace('_', ' '):{width}}  {meaning}"


def as_json(account: Account, device: str) -> str:
    """One gateway as a JSON object; times in text, durations in seconds."""
    return _dumps(
        {
            "gateway": account.gateway,
            "device": device,
            "from": time(account.start),
            "to": time(account.end),
            "complete": account.complete,
            "boots": [
                {
                    "boot": boot.boot,
                    "from": time(boot.first_at),
                    "to": time(boot.last_at),
                    "clock": boot.clock,
                    **dict(zip(_NUMBERS, _numbers(boot), strict=True)),
                }
                for boot in account.boots
            ],
            "unheard_boots": [boots._asdict() for boots in account.unheard],
            "unnumbered_frames": account.unnumbered,
            "signals": [_signal(signal) for signal in account.signals],
        }
    )


def _signal(signal: SignalAccount) -> dict[str, Any]:
    return {
        "request": signal.request,
        "codepage": signal.codepage,
        "code": signal.code,
        "name": signal.name,
        "unit": signal.unit,
        "period_s": signal.period / 1000,
        "asked_s": signal.asked / 1000,
        "heard_s": signal.heard / 1000,
        "coverage_percent": round(100 * signal.heard / signal.asked, 4) if signal.asked else None,
        "missed_s": {why: ms / 1000 for why, ms in sorted(signal.missed.items()) if ms},
        "gaps": [
            {"from": time(start), "to": time(end), "reason": why} for start, end, why in signal.gaps
        ],
    }


def head_json(head: Head) -> str:
    """The begin of the JSON text, up to where the gateways follow."""
    facts = {
        "neonat": head.version,
        "database": head.database,
        "schema": head.schema,
        "made_at": time(head.at),
        "from": time(head.start),
        "to": time(head.end),
        "gaps_listed_from_s": head.least / 1000,
        "rules": list(RULES),
        "reasons": REASONS,
    }
    return _dumps(facts)[:-1] + ',"gateways":['


def tail_json(complete: bool) -> str:
    """The end of the JSON text."""
    return f'],"complete":{_dumps(complete)}}}'


def _dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
