"""Kills, cuts and doubles at random moments, from a seed."""

import random
import time
from collections import Counter
from collections.abc import Callable

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from system.chain import GATEWAY, Chain
from system.proxy import HOST

DOWN_S = (0.0, 1.2)
BETWEEN_S = (0.3, 1.5)
FROZEN_S = (0.3, 2.5)

LINE_FAULTS = (
    "flip=0.015",
    "lose=0.015",
    "cut=0.01",
    "noise=0.02",
    "checksum=0.015",
    "duplicate=0.03",
    "insert=0.05",
    "unknown=0.1",
    "blank=0.1",
    "flow=0.1",
    "realtime=0.1",
    "identity=0.3",
)


class Chaos:
    """Disturbs a chain; `counts` says how often what was done."""

    def __init__(self, chain: Chain, seed: int) -> None:
        self.chain = chain
        self.counts: Counter[str] = Counter()
        self._random = random.Random(f"chaos {seed}")
        self._actions: list[tuple[str, Callable[[], None]]] = [
            ("gateway killed", self._gateway),
            ("broker killed", self._broker),
            ("ingest killed", self._ingest),
            ("gateway cut off", chain.up.cut),
            ("ingest cut off", chain.down.cut),
            ("cut in a message", self._break_off),
            ("gateway frozen", self._freeze_up),
            ("ingest frozen", self._freeze_down),
            ("twin of the gateway", self._twin),
            ("messages repeated", self._repeat),
        ]

    def run(self, seconds: float) -> None:
        """Go on for some time; each thing is done at least once when there is time for all."""
        until = time.monotonic() + seconds
        todo: list[tuple[str, Callable[[], None]]] = []
        while time.monotonic() < until:
            if not todo:
                todo = self._random.sample(self._actions, len(self._actions))
            name, action = todo.pop()
            action()
            self.counts[name] += 1
            self._pause(BETWEEN_S)

    def _pause(self, bounds: tuple[float, float]) -> None:
        time.sleep(self._random.uniform(*bounds))

    def _gateway(self) -> None:
        self.chain.kill_gateway()
        self._pause(DOWN_S)
        self.chain.start_gateway()
        # A gateway that never lives long enough to read a frame proves little.
        self._pause((2.5, 4.0))

    def _broker(self) -> None:
        self.chain.kill_broker()
        self._pause(DOWN_S)
        self.chain.start_broker()

    def _ingest(self) -> None:
        self.chain.ingest.kill()
        self._pause(DOWN_S)
        self.chain.ingest.start()

    def _break_off(self) -> None:
        for proxy in (self.chain.up, self.chain.down):
            proxy.cut_after(self._random.randrange(1, 3000))

    def _freeze_up(self) -> None:
        self.chain.up.freeze()
        self._pause(FROZEN_S)
        self._end_frozen(self.chain.up)

    def _freeze_down(self) -> None:
        self.chain.down.freeze()
        self._pause(FROZEN_S)
        self._end_frozen(self.chain.down)

    def _end_frozen(self, proxy: object) -> None:
        if self._random.random() < 0.5:
            proxy.cut()  # type: ignore[attr-defined]
        proxy.thaw()  # type: ignore[attr-defined]

    def _twin(self) -> None:
        twin = Client(CallbackAPIVersion.VERSION2, client_id=GATEWAY)
        try:
            twin.connect(HOST, self.chain.broker.port)
            twin.loop_start()
            twin.subscribe(f"neonat/1/{GATEWAY}/ack", 1)
            self._pause((0.1, 0.6))
        except OSError:
            pass
        finally:
            twin.disconnect()
            twin.loop_stop()

    def _repeat(self) -> None:
        self.chain.desk.repeat()
