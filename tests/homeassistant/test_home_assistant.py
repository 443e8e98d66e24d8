"""Home Assistant's side of a real broker: what it is told of gateways, and their values."""

import json
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from brokers import HOST, KINDS, Broker
from neonat.homeassistant.discovery import config, state
from neonat.homeassistant.publisher import Publisher
from neonat.ingest.broker_url import broker_url
from neonat.store import assignments
from waiting import wait_for
from web.parts import Ward


class Listener:
    """Keeps the newest message of each topic; comes back by itself."""

    def __init__(self, broker: Broker) -> None:
        self.said: dict[str, Any] = {}
        self.retained: set[str] = set()
        self.ready = threading.Event()
        self.client = Client(CallbackAPIVersion.VERSION2)
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = lambda client, *_: client.subscribe(
            [("homeassistant/#", 1), ("neonat/1/+/home-assistant", 1)]
        )
        self.client.on_subscribe = lambda *_: self.ready.set()
        self.client.on_message = self._message
        self.client.connect(HOST, broker.port)
        self.client.loop_start()
        assert self.ready.wait(60)

    def _message(self, _client: Any, _user: Any, message: Any) -> None:
        self.said[message.topic] = json.loads(message.payload)
        if message.retain:
            self.retained.add(message.topic)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    made = Ward(tmp_path / "neonat.db")
    yield made
    made.store.close()


CONFIG = "homeassistant/device/neonat_bed-1/config"
STATE = "neonat/1/bed-1/home-assistant"


@pytest.mark.parametrize("kind", KINDS)
def test_gateways_are_described_and_their_values_follow(
    kind: str, ward: Ward, tmp_path: Path
) -> None:
    broker = Broker(kind, tmp_path).start()
    listener = Listener(broker)
    ward.usual("bed-1")
    try:
        with Publisher(ward.url, broker_url(broker.url), "neonat/1", period_s=0.1):
            wait_for(lambda: {CONFIG, STATE} <= set(listener.said), what="the description")
            told = listener.said[CONFIG]
            assert told["device"]["model"] == "Babyleo TN500"
            sensor = told["components"]["air_temperature"]
            assert sensor["device_class"] == "temperature"
            assert sensor["unit_of_measurement"] == "°C"
            assert told["state_topic"] == STATE
            assert listener.said[STATE]["air_temperature"] == 33.3
            ward.usual("bed-1", air=b"34.5")
            ward.feed("bed-1", (0x27, b"C43O2 SENS ERR 5B2CHECK WEAN  "))
            wait_for(lambda: listener.said[STATE]["air_temperature"] == 34.5, what="a new value")
            wait_for(lambda: listener.said[STATE]["alarm_level"] == "medium", what="the alarm")
            row = {**dict.fromkeys(assignments.FIELDS), "gateway": "bed-1", "bed": "12"}
            ward.store.change(partial(assignments.add, new={**row, "start": 0}))
            wait_for(lambda: listener.said[CONFIG]["device"]["name"] == "12", what="the new name")
            # Who comes later is told too.
            later = Listener(broker)
            wait_for(lambda: {CONFIG, STATE} <= later.retained, what="what is retained")
            later.close()
            # A broker that lost all is told again.
            broker.kill()
            listener.said.clear()
            broker.start()
            ward.usual("bed-1", air=b"35.5")
            wait_for(
                lambda: (
                    listener.said.get(STATE, {}).get("air_temperature") == 35.5
                    and CONFIG in listener.said
                ),
                what="the broker's return",
            )
    finally:
        listener.close()
        broker.kill()


def test_what_is_missing_is_null_and_a_difference_no_temperature(ward: Ward) -> None:
    ward.feed("bed-1", (0x24, b"65----C2 0.8EC  53"))
    latest = ward.store.latest("bed-1")
    assert latest is not None
    said = state(latest)
    assert said["skin_temperature_peripheral"] is None and said["noise_level"] == 53
    assert (said["mode"], said["alarm"], said["alarm_level"]) == ("none", "none", "none")
    told = config(latest, None, "neonat/1")["components"]
    assert "device_class" not in told["skin_temperature_difference"]
    assert told["noise_level"]["unit_of_measurement"] == "dBA"
    ids = [one["unique_id"] for one in told.values()]
    assert len(set(ids)) == len(ids)
    assert config(latest, None, "neonat/1")["device"]["name"] == "bed-1"


# What Home Assistant documents of a device's description and of an MQTT sensor in it.
OF_A_DEVICE = {"device", "origin", "components", "state_topic", "availability"}
OF_A_SENSOR = {
    *("platform", "unique_id", "name", "value_template", "expire_after", "icon", "device_class"),
    *("state_class", "unit_of_measurement", "suggested_display_precision", "options"),
}
# The units that it takes for each class that is used.
UNITS = {
    "temperature": {"°C"},
    "humidity": {"%"},
    "illuminance": {"lx"},
    "sound_pressure": {"dB", "dBA"},
    "weight": {"g"},
}


def test_a_description_has_only_what_home_assistant_documents(ward: Ward) -> None:
    ward.usual("bed-1")
    latest = ward.store.latest("bed-1")
    assert latest is not None
    told = config(latest, "12", "neonat/1")
    assert set(told) == OF_A_DEVICE
    assert set(told["device"]) <= {"identifiers", "name", "model", "sw_version"}
    assert set(told["availability"][0]) == {"topic", "value_template"}
    for name, one in told["components"].items():
        assert set(one) <= OF_A_SENSOR and one["platform"] == "sensor", name
        found = one.get("device_class")
        if found == "enum":
            assert one["options"] and not {"state_class", "unit_of_measurement"} & set(one)
        elif found:
            assert one["unit_of_measurement"] in UNITS[found], name
