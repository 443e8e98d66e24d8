"""Both ends of the chain against each other: what the incubator sent, what the database holds."""

from bisect import bisect_right
from datetime import datetime
from typing import Any, NamedTuple

from system.chain import Life, Stored

# What is sent while a client opens the line, or has not been read when it is killed, never
# reached the spool.
OPENING_MS = 1500
CLOSING_MS = 2000
# On a busy machine that takes longer: an answer and what a device says without being asked.
AT_AN_END = 4


class Sent(NamedTuple):
    """A frame on the line. `whole`: unharmed. `opening`, `closing`: it may be lost because the
    client was about to open the line or to be killed. `loose`: so may each by itself, since it was
    in RAM when its number was not yet acknowledged."""

    raw: str
    whole: bool
    opening: bool
    closing: bool
    client: int
    loose: bool = False


def sent_by_life(log: list[dict[str, Any]], lives: list[Life]) -> list[list[Sent]]:
    """For each life of the gateway what the line carried, in order."""
    found: list[list[Sent]] = [[] for _ in lives]
    starts = [life.start for life in lives]
    came, client = 0, 0
    for line in log:
        at = line["at"]
        if line.get("client") == "came":
            came, client = at, client + 1
        index = bisect_right(starts, at) - 1
        if index < 0:
            continue
        life = lives[index]
        opening, closing = at < came + OPENING_MS, at > life.end - CLOSING_MS - life.delay_ms
        facts = (opening, closing, client, closing and life.delay_ms > 0)
        harmed = line.get("harmed", []) if line.get("line") else []
        cut_short = line["frames"] if line.get("lost") == "not taken" else []
        frames = [(raw, False) for raw in harmed + cut_short]
        frames += [(line["raw"], True)] if "raw" in line else []
        found[index] += [Sent(raw, whole, *facts) for raw, whole in frames]
    return [_ends(sent) for sent in found]


def _ends(sent: list[Sent]) -> list[Sent]:
    """The first frames of each client and the last of all may be lost, however long they took."""
    out = []
    place, client = 0, 0
    for index, item in enumerate(sent):
        place = place + 1 if item.client == client else 0
        client = item.client
        closing = item.closing or index >= len(sent) - AT_AN_END
        out.append(item._replace(opening=item.opening or place < AT_AN_END, closing=closing))
    return out


def unix_ms(text: str) -> int:
    """Unix time in ms of a column `at`."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def stored_by_life(rows: list[Stored], lives: list[Life]) -> list[list[Stored]]:
    """The rows of `frames`, by the life of the gateway that made them."""
    starts = [life.start for life in lives]
    first_of_boot: dict[int, int] = {}
    for row in rows:
        first_of_boot.setdefault(row.boot, unix_ms(row.at))
    found: list[list[Stored]] = [[] for _ in lives]
    for row in rows:
        found[bisect_right(starts, first_of_boot[row.boot]) - 1].append(row)
    return found


def difference(sent: list[Sent], stored: list[str]) -> str:
    """Why `stored` is not what a gateway had to store of `sent`; empty when it is.

    Of each client's stretch a beginning may be missing while the line was being opened and an end
    while the gateway was being killed; harmed frames may be there or not; everything else must be
    there, once and in order, and nothing else may be. What is loose may be there or not.
    """
    client = 0
    # (how many stored are explained, phase): 0 nothing read yet, 1 reading, 2 no longer.
    states = {(0, 0)}
    for item in sent:
        if item.client != client:
            client = item.client
            states = {(count, 0) for count, _ in states}
        after = {step for state in states for step in _steps(item, state, stored)}
        if not after:
            best = max(states)[0]
            near = stored[max(0, best - 1) : best + 3]
            return f"{item} was sent; stored there (from {best - 1}): {near}"
        states = after
    best = max(states)[0]
    if best < len(stored):
        return f"stored but not sent, at {best} of {len(stored)}: {stored[best : best + 3]}"
    return ""


def _steps(item: Sent, state: tuple[int, int], stored: list[str]) -> list[tuple[int, int]]:
    count, phase = state
    out = []
    if phase < 2 and count < len(stored) and stored[count] == item.raw:
        out.append((count + 1, 1))
    if phase == 2 or not item.whole or item.loose or (phase == 0 and item.opening):
        out.append(state)
    if item.closing and phase < 2:
        out.append((count, 2))
    return out


def losses(
    log: list[dict[str, Any]],
    lives: list[Life],
    frames: list[Stored],
    records: list[Stored],
    spooled: dict[tuple[int, int], str],
) -> list[str]:
    """Everything that was lost, doubled, changed or invented; empty when nothing was."""
    found = []
    places = [(row.boot, row.seq) for row in frames + records]
    if len(set(places)) != len(places):
        found.append("a number is stored twice")
    by_place = {(row.boot, row.seq): row.data for row in frames + records}
    for place, data in sorted(spooled.items()):
        if by_place.get(place) != data:
            found.append(f"{place} was in the spool as {data!r}, stored {by_place.get(place)!r}")
    stored = stored_by_life(frames, lives)
    for number, sent in enumerate(sent_by_life(log, lives)):
        reason = difference(sent, [row.data for row in stored[number]])
        if reason:
            found.append(f"life {number} {lives[number]}: {reason}")
    return found
