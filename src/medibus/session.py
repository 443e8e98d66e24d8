"""The session with a device as a state machine without clock or I/O (medibus.md, "Session")."""

from .schedule import Plan


class Session:
    """Decides what to send; `now` is milliseconds that never run backwards or wrap."""

    def __init__(self, plan: Plan, identity: bytes = b"", expected: "str | None" = None) -> None:
        self.plan = plan
        self.identity = identity
        self.expected = expected
        self.state = "down"
        self.device = None
        self.counters: "dict[str, int]" = {}
        self.changes: "list[tuple]" = []

    def tick(self, now: int) -> bytes:
        """What to send now because time has passed."""
        return b""

    def receive(self, now: int, event: object) -> bytes:
        """What to send because `event` (Frame or LineError) came."""
        return b""

    def deadline(self, now: int) -> int:
        """Milliseconds until `tick` is wanted."""
        return 1000
