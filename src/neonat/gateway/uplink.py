"""The connection to the broker as a state machine that never waits: login, subscribe, stream."""

from neonat.gateway import mqtt
from neonat.gateway.net import Connection, why
from neonat.gateway.rarely import call

PING_MS = 6000
DEAD_MS = 15000
BACKOFF_MS = 500
BACKOFF_MAX_MS = 30000
INPUT_BLOCK = 1024


class Uplink:
    """`broker` is {host, port, tls, user, password}; `topic` ends before the last level.

    `take(now, kind, payload, whole)` gets what arrives on `ack`, `command` and `update`;
    `source(now)` gives the next payload for `frames` or None. `state` is one of offline,
    connecting, login, subscribing and online; `refused` is the reason of a refused login; `moves`
    grows with each attempt to connect and whenever the broker is heard.
    """

    def __init__(self, board, broker: dict, topic: str, gateway: str, take, source, log):
        self._board = board
        self._broker = broker
        self._topic = topic
        self._gateway = gateway
        self._take = take
        self._source = source
        self._log = log
        self.state = "offline"
        self.refused = ""
        self.connects = 0
        self.moves = 0
        self._link: "Connection | None" = None
        self._parser = mqtt.Parser(board.input_max)
        self._queue: list = []
        self._sent = 0
        self._greeted = False
        self._number = 0
        self._since = 0
        self._heard = 0
        self._pinged = 0
        self._failures = 0
        self._retry = 0
        self._reason = ""

    @property
    def streams(self) -> list:
        return [self._link] if self._link is not None else []

    @property
    def busy(self) -> bool:
        """Whether bytes wait to be written."""
        return bool(self._queue)

    def deadline(self, now: int) -> int:
        """Milliseconds until `step` is wanted without any event."""
        if self.state == "offline":
            return max(0, self._retry - now)
        return 500

    def step(self, now: int) -> None:
        """Go on as far as is possible without waiting."""
        try:
            self._step(now)
        except mqtt.ProtocolError as error:
            self._fail(now, str(error))
        except OSError as error:
            reason = why(error) or "connection lost"
            if self.state == "login":
                # rumqttd answers a wrong password by closing, without a word.
                reason += " at the login: are user and password right?"
            self._fail(now, reason)
        except ValueError as error:
            self._fail(now, "TLS: " + str(error))
        except MemoryError:
            # Half a packet may be queued: only a new connection is sure to be understood.
            self._fail(now, "the heap is full")

    def _step(self, now: int) -> None:
        if self.state == "offline":
            if now < self._retry:
                return
            self._since = self._heard = self._pinged = now
            self.moves += 1
            self.state = "connecting"
            broker = self._broker
            self._link = self._board.connect(broker["host"], broker["port"], broker.get("tls"))
        if self.state == "connecting":
            if not self._link.ready():  # type: ignore[union-attr]
                if now - self._since > DEAD_MS:
                    raise OSError("no connection to the broker within 15 s")
                return
            self._login()
        self._read(now)
        self._alive(now)
        self._write(now)

    def _login(self) -> None:
        self._queue = [call("login", "hello", self._gateway, self._topic, self._broker)]
        self._sent = 0
        self._parser = mqtt.Parser(self._board.input_max)
        self._greeted = False
        self.state = "login"

    def _read(self, now: int) -> None:
        for _ in range(8):
            data = self._link.read(INPUT_BLOCK)  # type: ignore[union-attr]
            if data is None:
                return
            self._heard = now
            self.moves += 1
            if not self._greeted and data[0] != mqtt.CONNACK:
                raise mqtt.ProtocolError("no MQTT broker answers there")
            self._greeted = True
            for event in self._parser.feed(data):
                self._event(now, event)

    def _event(self, now: int, event: tuple) -> None:
        kind = event[0]
        if self.state != "online":
            more = call("login", "answer", self, event, self._topic, self._next())
            if more:
                self._queue.append(more)
            elif more is not None:
                self._online()
        elif kind in ("message", "kept"):
            if event[3]:
                self._queue.append(mqtt.puback(event[3]))
            # A kept acknowledgement would count at every login, a kept restart never end.
            if kind == "message" and event[1].startswith(self._topic):
                self._take(now, event[1][len(self._topic) :], event[2], event[4])
        elif kind == "connack":
            raise mqtt.ProtocolError("the broker answers a login twice")

    def _online(self) -> None:
        self.state = "online"
        self.refused = ""
        self._reason = ""
        self._failures = 0
        self.connects += 1
        self._log("broker: online")

    def _next(self) -> int:
        self._number = self._number % 65535 + 1
        return self._number

    def publish(self, kind: str, payload, retain: bool = False) -> bool:
        """Queue a message on a topic of this gateway; False while offline."""
        if self.state != "online":
            return False
        topic = self._topic + kind
        self._queue.append(mqtt.publish(topic, len(payload), self._next(), retain))
        self._queue.append(payload)
        return True

    def _alive(self, now: int) -> None:
        if now - self._heard > DEAD_MS:
            raise OSError("the broker is silent")
        if self.state == "online" and now - max(self._heard, self._pinged) > PING_MS:
            self._queue.append(mqtt.PINGREQ)
            self._pinged = now

    def _write(self, now: int) -> None:
        for _ in range(16):
            if not self._queue:
                payload = self._source(now) if self.state == "online" else None
                if payload is None:
                    return
                self.publish("frames", payload)
            whole = self._queue[0]
            count = self._link.write(whole[self._sent :])  # type: ignore[union-attr]
            self._sent += count
            if self._sent < len(whole):
                return
            self._queue.pop(0)
            self._sent = 0

    def hurry(self, at: int) -> None:
        """The network is back, or will be then: connect at that moment."""
        if self.state == "offline":
            self._retry = at
            self._failures = 0

    def renew(self, now: int) -> None:
        """Connect anew: this connection brings no acknowledgement."""
        self._fail(now, "no acknowledgement for long")

    def _fail(self, now: int, reason: str) -> None:
        if reason != self._reason:
            self._log("broker: " + reason + ("" if self.refused else "; trying again"))
        self._reason = reason
        self._drop()
        wait = min(BACKOFF_MAX_MS, BACKOFF_MS << min(self._failures, 8))
        self._failures += 1
        self._retry = now + int(wait * (0.5 + self._board.random() / 2))

    def _drop(self) -> None:
        if self._link is not None:
            self._link.close()
        self._link = None
        self._queue = []
        self._sent = 0
        self.state = "offline"

    def leave(self) -> None:
        """Queue the farewell; the caller goes on with `step` while `busy`."""
        self._source = lambda now: None
        if self.publish("state", b'{"online": false}', True):
            self._queue.append(mqtt.DISCONNECT)

    def close(self) -> None:
        self._drop()
