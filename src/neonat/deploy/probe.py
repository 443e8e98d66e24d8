"""One connection to a broker, to find out what it lets through."""

import queue
import ssl
import time
from collections.abc import Callable
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from neonat.ingest.broker_url import BrokerUrl

PATIENCE_S = 5.0


class ProbeError(Exception):
    """The broker cannot be reached or lets nobody in: one line."""


class Probe:
    """A client of the broker while in a `with`; ProbeError from every method."""

    def __init__(self, broker: BrokerUrl, ca_file: str) -> None:
        self._broker = broker
        self._answers: queue.Queue[str] = queue.Queue()
        self._messages: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.connect_timeout = PATIENCE_S
        self._client.on_connect = self._connected
        self._client.on_subscribe = lambda *_: self._answers.put("")
        self._client.on_message = self._got
        if broker.user is not None:
            self._client.username_pw_set(broker.user, broker.password)
        try:
            context = ssl.create_default_context(cafile=ca_file)
            if broker.certificate is not None:
                context.load_cert_chain(broker.certificate, broker.key)
        except (OSError, ssl.SSLError) as error:
            raise ProbeError(f"cannot use the certificates beside {ca_file}: {error}") from error
        self._client.tls_set_context(context)

    def _connected(self, _client: Client, _user: Any, _flags: Any, code: Any, _more: Any) -> None:
        self._answers.put(f"refuses the login ({code})" if code.is_failure else "")

    def _got(self, _client: Client, _user: Any, message: MQTTMessage) -> None:
        self._messages.put((message.topic, bytes(message.payload)))

    def __enter__(self) -> "Probe":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def login(self) -> None:
        """Connect and wait for the broker's word."""
        try:
            self._client.connect(self._broker.host, self._broker.port)
        except (OSError, ssl.SSLError) as error:
            why = getattr(error, "verify_message", "") or getattr(error, "strerror", "") or error
            raise ProbeError(f"cannot reach the broker {self._broker}: {why}") from error
        self._client.loop_start()
        self._await("login")

    def subscribe(self, *topics: str) -> None:
        """Ask for topics."""
        self._client.subscribe([(topic, 1) for topic in topics])
        self._await("subscription")

    def publish(self, topic: str, payload: bytes) -> None:
        """Send one message and wait until the broker has it."""
        try:
            self._client.publish(topic, payload, qos=1).wait_for_publish(PATIENCE_S)
        except (RuntimeError, ValueError) as error:
            raise ProbeError(f"the broker {self._broker} went away: {error}") from error

    def heard(self, enough: Callable[[bytes], bool], seconds: float) -> list[tuple[str, bytes]]:
        """(topic, payload) of what comes within a time, or until there is enough."""
        found = []
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:
                found.append(self._messages.get(timeout=left))
            except queue.Empty:
                break
            if enough(found[-1][1]):
                break
        return found

    def _await(self, what: str) -> None:
        try:
            refusal = self._answers.get(timeout=PATIENCE_S)
        except queue.Empty:
            raise ProbeError(f"the broker {self._broker} does not answer the {what}") from None
        if refusal:
            raise ProbeError(f"the broker {self._broker} {refusal}")
