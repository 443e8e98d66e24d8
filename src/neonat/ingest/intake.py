"""From messages to what the store takes: everything before the database."""

import json
from typing import NamedTuple
from zoneinfo import ZoneInfo

from neonat.ingest.envelope import GATEWAY, Refused, envelopes
from neonat.ingest.legacy import TOPICS, legacy_envelope
from neonat.ingest.link import Message
from neonat.ingest.refusals import Refusals
from neonat.store import BAD, LegacyRecord, Reader, Record, State

STATE_MAX = 4096
STATE_DEPTH = 8
LINES_SHOWN = 5

_NAMES_KEPT = 10_000


class Share(NamedTuple):
    """One worker's part: `group` names those that share the messages; None takes all of them.

    `states` says whether it takes the gateways' states too: one worker of a machine is enough.
    """

    group: str | None = None
    states: bool = True
    name: str = ""


ALONE = Share()


class Intake:
    """Decodes messages by their topic and gathers what waits for the store.

    `records`, `legacy` and `states` (the newest of each gateway) are for the caller to take away.
    Nothing that a message holds makes it raise.
    """

    def __init__(
        self,
        prefix: str,
        zone: ZoneInfo,
        reader: Reader,
        refusals: Refusals,
        share: Share = ALONE,
    ) -> None:
        self._share = share
        self.records: list[Record] = []
        self.legacy: list[LegacyRecord] = []
        self.states: dict[str, State] = {}
        self.envelopes = 0
        self._prefix = prefix + "/"
        self._zone = zone
        self._split = reader.split
        self._refusals = refusals
        self._names: dict[str, tuple[str, str]] = {}

    @property
    def topics(self) -> list[str]:
        """What to subscribe; states are retained, which those of a shared subscription are not."""
        group = self._share.group
        shared = f"$share/{group}/" if group else ""
        states = [self._prefix + "+/state"] if self._share.states else []
        return [shared + self._prefix + "+/frames", *states, *(shared + topic for topic in TOPICS)]

    @property
    def waiting(self) -> int:
        """How many envelopes and states wait for the store."""
        return len(self.records) + len(self.legacy) + len(self.states)

    def take(self, message: Message) -> None:
        """Decode one message; what it does not hold becomes a refusal."""
        topic = message.topic
        if topic in TOPICS:
            self._legacy(message)
            return
        gateway, kind = self._names.get(topic) or self._named(topic)
        if kind == "frames":
            self._frames(gateway, message)
        elif kind == "state":
            self._state(gateway, message)
        else:
            self._refuse(message, "topic", message.payload)

    def _named(self, topic: str) -> tuple[str, str]:
        gateway, _, kind = topic.removeprefix(self._prefix).rpartition("/")
        if not topic.startswith(self._prefix) or not GATEWAY.fullmatch(gateway):
            return "", ""
        if len(self._names) >= _NAMES_KEPT:
            self._names.clear()
        self._names[topic] = gateway, kind
        return gateway, kind

    def _refuse(self, message: Message, reason: str, payload: bytes) -> None:
        self._refusals.add(message.received_at, message.topic, reason, payload)

    def _frames(self, gateway: str, message: Message) -> None:
        taken, refused = envelopes(gateway, message.payload)
        if refused:
            self._refuse_lines(message, refused)
        received_at = message.received_at
        split = self._split
        new = tuple.__new__
        append = self.records.append
        for boot, seq, at, uptime, data in taken:
            shape, body = split(data)
            if shape == BAD:
                self._refuse(message, "checksum", data)
            append(new(Record, (gateway, boot, seq, at, uptime, received_at, shape, body, data)))
        self.envelopes += len(taken)

    def _refuse_lines(self, message: Message, refused: list[Refused]) -> None:
        """A message of nothing but line ends is 16,384 refusals: a few are shown, all counted."""
        by_reason: dict[str, list[bytes]] = {}
        for reason, line in refused:
            by_reason.setdefault(reason, []).append(line)
        for reason, lines in by_reason.items():
            for line in lines[: LINES_SHOWN - 1]:
                self._refuse(message, reason, line)
            if len(lines) >= LINES_SHOWN:
                line, others = lines[LINES_SHOWN - 1], len(lines) - LINES_SHOWN
                self._refusals.add(message.received_at, message.topic, reason, line, others)

    def _legacy(self, message: Message) -> None:
        try:
            found = legacy_envelope(message.payload, self._zone, message.received_at)
        except ValueError:
            self._refuse(message, "envelope", message.payload)
            return
        if not found.proven:
            self._refuse(message, "checksum", message.payload)
        shape, body = self._split(found.data)
        self.legacy.append(
            LegacyRecord(found.gateway, found.at, message.received_at, shape, body, found.data)
        )
        self.envelopes += 1

    def _state(self, gateway: str, message: Message) -> None:
        if not message.payload:
            return
        text = state_text(message.payload)
        if text is None:
            self._refuse(message, "state", message.payload)
        else:
            self.states[gateway] = State(gateway, message.received_at, text)


def state_text(payload: bytes) -> str | None:
    """The JSON object of a state message as compact text; None when it is none or too long."""
    if len(payload) > STATE_MAX:
        return None
    try:
        value = json.loads(str(payload, "utf-8"), parse_constant=_no_constant)
        text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    except (ValueError, RecursionError):
        return None
    return text if isinstance(value, dict) and _shallow(value, STATE_DEPTH) else None


def _shallow(value: object, depth: int) -> bool:
    """Whether all who read it again later can do so, however deep they are themselves."""
    if not isinstance(value, dict | list):
        return True
    parts = value.values() if isinstance(value, dict) else value
    return depth > 0 and all(_shallow(part, depth - 1) for part in parts)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
