"""Messages that wait, and which are next: a gateway that sends much does not delay the others.

Each has a queue of its own, and they take turns: at every turn one may send `QUANTUM` bytes more,
and what a long message lacks of them it saves up (deficit round robin).
"""

from collections import deque

from neonat.gateway.envelope import MESSAGE_MAX
from neonat.ingest.legacy import TOPICS
from neonat.ingest.link import Message

QUANTUM = 2048


class Queue:
    """What waits of one gateway, `envelopes` in all; `credit` is in bytes."""

    __slots__ = ("credit", "envelopes", "messages")

    def __init__(self) -> None:
        self.credit = 0
        self.envelopes = 0
        self.messages: deque[Message] = deque()


class Fair:
    """`waiting` envelopes, about `most`: beyond that the gateway that has most of them loses.

    `let_go` counts the messages that were lost so: nobody acknowledged them.
    """

    def __init__(self, most: int) -> None:
        self.waiting = 0
        self.let_go = 0
        self._most = most
        self._queues: dict[bytes | str, Queue] = {}

    @property
    def is_crowded(self) -> bool:
        """Whether so much waits of so many that more should wait elsewhere."""
        return self.waiting * 2 >= self._most and self._longest().envelopes * 2 < self.waiting

    def _longest(self) -> Queue:
        return max(self._queues.values(), key=lambda queue: queue.envelopes)

    def add(self, message: Message, beside: int = 0) -> None:
        """One more message; `beside` envelopes wait elsewhere."""
        name = _sender(message)
        mine = self._queues.get(name) or Queue()
        if self.waiting + beside >= self._most:
            self.let_go += 1
            longest = self._longest() if self._queues else mine
            if longest.envelopes <= mine.envelopes + _size(message):
                return
            self._count(longest, -_size(longest.messages.pop()))
        self._queues[name] = mine
        mine.messages.append(message)
        self._count(mine, _size(message))

    def _count(self, queue: Queue, envelopes: int) -> None:
        queue.envelopes += envelopes
        self.waiting += envelopes

    def round(self, bytes_max: int) -> list[Message]:
        """The next messages, about so many bytes of them."""
        taken: list[Message] = []
        left = bytes_max
        while self._queues and left > 0:
            name = next(iter(self._queues))
            queue = self._queues.pop(name)
            queue.credit += QUANTUM
            while queue.messages and (cost := _cost(queue.messages[0])) <= queue.credit:
                message = queue.messages.popleft()
                queue.credit -= cost
                left -= cost
                self._count(queue, -_size(message))
                taken.append(message)
            if queue.messages:
                self._queues[name] = queue
        return taken


def _sender(message: Message) -> bytes | str:
    """Whose it is; the original topics do not say it."""
    return message.payload[:40].partition(b"|")[0] if message.topic in TOPICS else message.topic


def _size(message: Message) -> int:
    """Of how many envelopes it is, at most."""
    return message.payload.count(b"\n", 0, -1) + 1


def _cost(message: Message) -> int:
    """Its bytes, as far as they are looked at."""
    return min(MESSAGE_MAX, len(message.payload)) or 1
