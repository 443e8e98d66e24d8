"""A gateway for tests: sends what it is told and collects acknowledgements."""

import threading

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from brokers import HOST
from medibus.frame import response
from neonat.gateway.envelope import parse_ack
from waiting import wait_for

FRAME = response(0x24, b"6530.8")[:-1]
TEXT = r"\x01" + FRAME[1:].decode()


class Gateway:
    """One that sends what it is told and collects acknowledgements."""

    def __init__(self, port, name="bed-1", user=None, password=None):
        self.name = name
        self.acked = []
        self._ready = threading.Event()
        self.client = Client(CallbackAPIVersion.VERSION2)
        if user:
            self.client.username_pw_set(user, password)
        self.client.reconnect_delay_set(0.05, 0.2)
        self.client.on_connect = lambda client, *_: client.subscribe(f"neonat/1/{name}/ack", 1)
        self.client.on_subscribe = lambda *_: self._ready.set()
        self.client.on_message = self._message
        self.client.connect(HOST, port)
        self.client.loop_start()
        assert self._ready.wait(60)

    def _message(self, _client, _user, message):
        ranges, bad = parse_ack(message.payload)
        assert not bad
        self.acked += [
            (boot, seq) for boot, first, last in ranges for seq in range(first, last + 1)
        ]

    def line(self, seq, data=TEXT, name=None):
        return f"{name or self.name}|2026-11-23T08:45:00.123Z|7.{seq}|{data}"

    def send(self, *lines, topic="frames", retain=False):
        text = "\n".join(lines)
        whole = (
            topic if topic in ("trame_complete", "test_topic") else f"neonat/1/{self.name}/{topic}"
        )
        payload = text.encode("latin-1")
        self.client.publish(whole, payload, qos=1, retain=retain).wait_for_publish(60)

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()

    def resend_until_acked(self, *seqs):
        """Send lines as a gateway does, again and again until they are acknowledged."""
        pause = threading.Event()

        def done():
            if {(7, seq) for seq in seqs} <= set(self.acked):
                return True
            self.send(*[self.line(seq) for seq in seqs])
            pause.wait(0.2)
            return False

        wait_for(done, what=f"acknowledgements of {seqs}")
