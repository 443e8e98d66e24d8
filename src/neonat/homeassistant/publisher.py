"""From the store to the broker: descriptions and values for Home Assistant, as they change."""

import json
import logging
import secrets
import ssl
import threading
import time
from functools import partial
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from neonat.homeassistant.discovery import config, config_topic, state, state_topic
from neonat.ingest.broker_url import BrokerUrl
from neonat.store import Store, StoreError, assignments, open_store

DISCOVERY = "homeassistant"

LOOK_S = 0.5
RETRY_S = 5.0
# A value at most so often for each gateway, and at least so often while it is heard of: what is
# not renewed expires at Home Assistant.
PERIOD_S = 5.0

_log = logging.getLogger(__name__)


class Publisher:
    """Publishes in a thread of its own while in a `with`; what fails is tried again."""

    def __init__(
        self,
        db_url: str,
        broker: BrokerUrl,
        prefix: str,
        ca_file: str | None = None,
        discovery: str = DISCOVERY,
        period_s: float = PERIOD_S,
    ) -> None:
        self._db_url = db_url
        self._broker = broker
        self._prefix = prefix
        self._discovery = discovery
        self._period_s = period_s
        self._stop = threading.Event()
        self._again = threading.Event()
        self._thread = threading.Thread(target=self._run, name="home-assistant", daemon=True)
        self._client = Client(
            CallbackAPIVersion.VERSION2, client_id="neonat-ha-" + secrets.token_hex(6)
        )
        self._client.on_connect = self._connected
        if broker.user is not None:
            self._client.username_pw_set(broker.user, broker.password)
        if broker.tls:
            context = ssl.create_default_context(cafile=ca_file)
            if broker.certificate is not None:
                context.load_cert_chain(broker.certificate, broker.key)
            self._client.tls_set_context(context)
        self._described: dict[str, dict[str, Any]] = {}
        self._sent_at: dict[str, float] = {}
        self._due: set[str] = set()

    def __enter__(self) -> "Publisher":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(5)

    def _connected(self, _client: Client, _user: Any, _flags: Any, reason: Any, _more: Any) -> None:
        if reason.is_failure:
            _log.warning("Home Assistant: the broker %s refuses: %s", self._broker, reason)
        else:
            # A broker that began anew has kept nothing.
            self._again.set()

    def _run(self) -> None:
        self._client.reconnect_delay_set(1, 30)
        self._client.connect_async(self._broker.host, self._broker.port)
        self._client.loop_start()
        try:
            while not self._stop.is_set():
                try:
                    self._publish()
                except StoreError as error:
                    _log.warning("Home Assistant: %s", error)
                except Exception:
                    _log.exception("Home Assistant: not published")
                self._stop.wait(RETRY_S)
        finally:
            self._client.disconnect()
            self._client.loop_stop()

    def _publish(self) -> None:
        """Publish until told to stop; StoreError."""
        store = open_store(self._db_url, create=False)
        try:
            change = 0
            while not self._stop.wait(LOOK_S):
                if not self._client.is_connected():
                    continue
                if self._again.is_set():
                    self._again.clear()
                    self._described.clear()
                    change = 0
                change, names = store.changes(change)
                self._due.update(names)
                self._tell(store, time.monotonic())
        finally:
            store.close()

    def _tell(self, store: Store, now: float) -> None:
        ready = [
            name
            for name in self._due
            if now - self._sent_at.get(name, -self._period_s) >= self._period_s
        ]
        if not ready:
            return
        named = store.read(partial(assignments.at_a_time, at=time.time_ns() // 1_000_000))
        for name in ready:
            latest = store.latest(name)
            self._due.discard(name)
            self._sent_at[name] = now
            if latest is None:
                continue
            bed = named[name]["bed"] if name in named else None
            described = config(latest, bed, self._prefix)
            if described != self._described.get(name):
                self._put(config_topic(self._discovery, name), described)
                self._described[name] = described
            self._put(state_topic(self._prefix, name), state(latest))

    def _put(self, topic: str, payload: dict[str, Any]) -> None:
        text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
        self._client.publish(topic, text.encode(), qos=1, retain=True)
