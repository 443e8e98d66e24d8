"""The connection to the broker: paho-mqtt, driven by hand in the worker's own thread.

One thread reads, commits and acknowledges: a second one would fight it for the interpreter lock at
every `recv`, and what waits in the socket while a commit runs is the next batch.
"""

import logging
import random
import select
import socket
import ssl
import time
from typing import Any, NamedTuple

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from neonat.ingest.broker_url import BrokerUrl

KEEPALIVE_S = 30
CONNECT_TIMEOUT_S = 2.0
BACK_OFF_S = (0.1, 5.0)
UNSENT_MAX = 5000
TURNED_AWAY_MAX = 3
IN_FLIGHT_MAX = 100

_CHUNK = 1 << 18
# rumqttd waits for the kernel's acknowledgement before it sends the next small packet, and Linux
# takes up to 40 ms for that unless it is told so after each read.
_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)
_POLL_MESSAGES = 1000
_POLL_BYTES = 4 << 20

_log = logging.getLogger(__name__)


class Message(NamedTuple):
    """One message as it came; `received_at` is UTC, ms since 1970."""

    topic: str
    payload: bytes
    received_at: int


class LinkError(Exception):
    """The broker can never be used as configured: one line that says why and what to do."""


class _Socket:
    """A socket that reads ahead, since paho asks for single bytes; `dry` once it had no more."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._ahead = b""
        self._at = 0
        self.dry = True

    def recv(self, size: int) -> bytes:
        at = self._at
        piece = self._ahead[at : at + size]
        if piece:
            self._at = at + len(piece)
            return piece
        try:
            self._ahead = ahead = self._sock.recv(_CHUNK)
            if _QUICKACK is not None:
                self._sock.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
        except (BlockingIOError, ssl.SSLWantReadError):
            self.dry = True
            raise
        self._at = min(size, len(ahead))
        return ahead[:size]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class _Client(Client):
    def _create_socket(self) -> Any:
        return _Socket(super()._create_socket())


class Link:
    """A connection that comes back by itself; `poll` does all its work.

    `topics` are subscribed with QoS 1 at every connect. Raises LinkError from `poll` when the
    broker refuses the login at the first connect.
    """

    def __init__(
        self,
        broker: BrokerUrl,
        topics: list[str],
        client_id: str,
        ca_file: str | None = None,
    ) -> None:
        self.broker = broker
        self.connected = False
        self._topics = topics
        self._messages: list[Message] = []
        self._bytes = 0
        self._unsent = 0
        self._ever = False
        self._broken = False
        self._turned_away = 0
        self._refusal: str | None = None
        self._again_at = 0.0
        self._back_off = BACK_OFF_S[0]
        self._failure = ""
        self._client = self._configured(client_id, ca_file)

    def _configured(self, client_id: str, ca_file: str | None) -> Client:
        client = _Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=True)
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_inflight_messages_set(IN_FLIGHT_MAX)
        client.max_queued_messages_set(UNSENT_MAX)
        if self.broker.user is not None:
            client.username_pw_set(self.broker.user, self.broker.password)
        if self.broker.tls:
            try:
                client.tls_set(
                    ca_certs=ca_file, certfile=self.broker.certificate, keyfile=self.broker.key
                )
            except OSError as error:
                raise LinkError(
                    f"cannot read the certificates in {ca_file}: {error.strerror or error}"
                ) from error
        client.on_socket_open = _send_at_once
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        return client

    def poll(self, wait: float) -> list[Message]:
        """What has arrived, after at most `wait` seconds when nothing has; connects when needed."""
        if self._broken or self._client.socket() is None:
            self._connect(wait)
            return []
        self._exchange(wait)
        if self._refusal is not None and not self._ever:
            raise LinkError(
                f"the broker {self.broker} refuses the login ({self._refusal}):"
                " check user and password"
            )
        messages, self._messages, self._bytes = self._messages, [], 0
        return messages

    def publish(self, topic: str, payload: bytes) -> None:
        """Send with QoS 1, now or at the next connect; beyond `UNSENT_MAX` it is given up."""
        if self._client.publish(topic, payload, qos=1).rc != MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:
            self._unsent += 1

    def close(self, wait: float) -> None:
        """Unsubscribe, get the broker's word for what was published within `wait` s, disconnect."""
        deadline = time.monotonic() + wait
        if self.connected:
            self._client.unsubscribe(self._topics)
        while self.connected and self._unsent and time.monotonic() < deadline:
            self._exchange(0.05)
        self._client.disconnect()
        while self.connected and time.monotonic() < deadline:
            self._exchange(0.05)

    def _exchange(self, wait: float) -> None:
        try:
            self._read_and_write(wait)
        except (OSError, ValueError) as error:
            self._lost(str(error))
        except Exception as error:
            # paho raises what its parser meets (struct.error, IndexError) on a broken packet.
            self._lost(f"it sent what is no MQTT ({type(error).__name__})")

    def _read_and_write(self, wait: float) -> None:
        client = self._client
        sock: Any = client.socket()
        if sock.dry:
            writers = [sock] if client.want_write() else []
            readable, _, _ = select.select([sock], writers, [], wait)
            sock.dry = not readable and not _pending(sock)
        while not sock.dry and len(self._messages) < _POLL_MESSAGES and self._bytes < _POLL_BYTES:
            if client.loop_read() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                break
        if client.want_write():
            client.loop_write()
        client.loop_misc()

    def _connect(self, wait: float) -> None:
        pause = self._again_at - time.monotonic()
        if pause > 0:
            time.sleep(min(pause, wait))
            return
        self._again_at = time.monotonic() + self._back_off * random.uniform(0.75, 1.25)  # noqa: S311
        self._back_off = min(self._back_off * 2, BACK_OFF_S[1])
        self._broken = False
        try:
            self._client.connect(self.broker.host, self.broker.port, KEEPALIVE_S)
        except ssl.SSLError as error:
            self._note(f"TLS: {error.reason or error}")
        except OSError as error:
            self._note(error.strerror or str(error))

    def _lost(self, reason: str) -> None:
        """Give the connection up: the next `connect` closes it and begins anew."""
        self._note(reason)
        self.connected = False
        self._broken = True

    def _note(self, failure: str) -> None:
        if failure != self._failure:
            _log.warning("broker %s: %s; trying again", self.broker, failure)
            self._failure = failure

    def _on_connect(self, client: Client, _user: Any, _flags: Any, code: Any, _more: Any) -> None:
        if code.is_failure:
            self._refusal = str(code)
            self._note(f"refuses the login ({code})")
            return
        self.connected = self._ever = True
        self._refusal = None
        self._turned_away = 0
        self._failure = ""
        self._back_off = BACK_OFF_S[0]
        client.subscribe([(topic, 1) for topic in self._topics])
        _log.info("broker %s: connected", self.broker)

    def _on_disconnect(self, _client: Client, _user: Any, _flags: Any, code: Any, _: Any) -> None:
        if self.connected and code.is_failure:
            self._note(f"connection lost ({code})")
        elif not self.connected and self._refusal is None:
            # rumqttd answers a wrong password by closing, without a word.
            self._note("closed the connection at the login; are user and password right?")
            self._turned_away += 1
            if self._turned_away >= TURNED_AWAY_MAX:
                self._refusal = "it closes the connection"
        self.connected = False

    def _on_publish(self, *_: Any) -> None:
        self._unsent -= 1

    def _on_message(self, _client: Client, _user: Any, message: MQTTMessage) -> None:
        payload = bytes(message.payload)
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        self._bytes += len(payload)
        self._messages.append(Message(topic, payload, time.time_ns() // 1_000_000))


def _send_at_once(_client: Client, _user: Any, sock: Any) -> None:
    """Acknowledgements are small: waiting to fill a packet costs each of them 40 ms."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _pending(sock: Any) -> bool:
    return isinstance(getattr(sock, "_sock", None), ssl.SSLSocket) and sock.pending() > 0
