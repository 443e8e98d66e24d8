"""Talking to gateways through the broker: commands and their replies (wire.md, "Topics")."""

import json
import queue
import secrets
import ssl
import time
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from neonat.board.problem import BoardError
from neonat.ingest.broker_url import BrokerUrl

CONNECT_S = 10.0
REPLY_S = 15.0
_REFUSALS = {
    "Bad user name or password": "the broker refuses the login: check user and password",
    "Not authorized": "the broker refuses the login: check user and password",
}


class Desk:
    """A connection to the broker while in a `with`; BoardError from every method."""

    def __init__(self, broker: BrokerUrl, prefix: str, ca_file: str | None = None) -> None:
        self._broker = broker
        self._prefix = prefix
        self._messages: queue.Queue[MQTTMessage] = queue.Queue()
        self._failed: queue.Queue[str] = queue.Queue()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = self._connected
        self._client.on_message = lambda _client, _user, message: self._messages.put(message)
        self._client.on_subscribe = lambda *_: self._failed.put("")
        if broker.user is not None:
            self._client.username_pw_set(broker.user, broker.password)
        if broker.tls:
            try:
                context = ssl.create_default_context(cafile=ca_file)
                if broker.certificate is not None:
                    context.load_cert_chain(broker.certificate, broker.key)
                self._client.tls_set_context(context)
            except (OSError, ssl.SSLError) as error:
                raise BoardError(f"cannot use the certificates in {ca_file}: {error}") from error

    def __enter__(self) -> "Desk":
        self._client.connect_timeout = CONNECT_S
        try:
            self._client.connect(self._broker.host, self._broker.port)
        except (OSError, ssl.SSLError) as error:
            why = getattr(error, "verify_message", "") or getattr(error, "strerror", "") or error
            raise BoardError(f"cannot reach the broker {self._broker}: {why}") from error
        self._client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(self, _client: Client, _user: Any, _flags: Any, reason: Any, _more: Any) -> None:
        if reason.is_failure:
            self._failed.put(_REFUSALS.get(str(reason), f"the broker says: {reason}"))

    def listen(self, gateway: str, *levels: str) -> None:
        """Get messages of these levels of `gateway` (`+`: all) from now on."""
        self._client.subscribe([(f"{self._prefix}/{gateway}/{level}", 1) for level in levels])
        try:
            failure = self._failed.get(timeout=CONNECT_S)
        except queue.Empty:
            raise BoardError(f"the broker {self._broker} does not answer") from None
        if failure:
            raise BoardError(failure)

    def next(self, timeout: float) -> tuple[str, str, bytes] | None:
        """The next message: gateway, level, payload; None when none comes within `timeout` s."""
        try:
            message = self._messages.get(timeout=max(0.0, timeout))
        except queue.Empty:
            return None
        rest, _, level = message.topic.rpartition("/")
        return rest.rpartition("/")[2], level, bytes(message.payload)

    def gateways(self, seconds: float) -> dict[str, dict[str, Any]]:
        """The state of every gateway that the broker knows, by id."""
        self.listen("+", "state")
        found: dict[str, dict[str, Any]] = {}
        until = time.monotonic() + seconds
        while message := self.next(until - time.monotonic()):
            state = parsed(message[2])
            if state is not None:
                found[message[0]] = state
        return dict(sorted(found.items()))

    def post(self, gateway: str, payload: bytes, level: str = "command") -> None:
        """Publish one message on a topic of the gateway."""
        done = self._client.publish(f"{self._prefix}/{gateway}/{level}", payload, qos=1)
        try:
            done.wait_for_publish(CONNECT_S)
        except (RuntimeError, ValueError) as error:
            raise BoardError(f"the broker {self._broker} went away: {error}") from error

    def ask(
        self, gateway: str, command: str, timeout: float = REPLY_S, **more: Any
    ) -> dict[str, Any]:
        """A command's reply, after `listen(gateway, "reply")`. BoardError when it says no."""
        number = secrets.token_hex(4)
        self.post(gateway, json.dumps({"id": number, "command": command, **more}).encode())
        try:
            return self.reply(gateway, number, timeout)
        except TimeoutError:
            raise BoardError(silent(gateway)) from None

    def reply(self, gateway: str, number: str, timeout: float = REPLY_S) -> dict[str, Any]:
        """The reply to the command `number`; BoardError when it says no, TimeoutError."""
        until = time.monotonic() + timeout
        while message := self.next(until - time.monotonic()):
            answer = parsed(message[2])
            if message[1] == "reply" and answer is not None and answer.get("id") == number:
                if not answer.get("ok"):
                    raise BoardError(f"{gateway} says: {answer.get('error', 'no')}")
                return answer
        raise TimeoutError


def silent(gateway: str) -> str:
    """What to do about a gateway that does not answer."""
    return f"{gateway} does not answer: is it online? `neonat board list --broker URL` shows all"


def parsed(payload: bytes) -> dict[str, Any] | None:
    """A JSON object, None for anything else."""
    try:
        found = json.loads(payload)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
