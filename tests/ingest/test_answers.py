"""Gateways that share a name or lost their count: no answer lets go what is not stored."""

import random

import pytest

from gateway.ramdisk import RamDisk
from neonat.gateway.sender import Sender
from neonat.gateway.spool import Spool
from neonat.ingest.answers import ack_payloads, answers
from neonat.ingest.intake import Intake
from neonat.ingest.link import Message
from neonat.ingest.reading import FrameReader
from neonat.ingest.refusals import Refusals
from neonat.store import open_store

T0 = 1_795_000_000_000


class Device:
    """A gateway's spool and sender; `said` is all that it recorded, `renumbered` how often."""

    def __init__(self, mark: str) -> None:
        self.mark = mark
        self.dice = random.Random(mark)
        self.said: dict[tuple[int, int], str] = {}
        self.renumbered = 0
        self.spool = Spool(RamDisk(), lambda: "+1", 1 << 20, 2048)
        self.spool.taken = self._taken
        self.sender = Sender(self.spool, lambda uptime: "", "bed-1", 1024, 10)
        self.spool.start([("reason", mark)])

    def _taken(self, item: tuple) -> None:
        self.said[self.spool.boot, item[0]] = item[2]
        self.sender.fresh(item)

    def say(self, count: int) -> None:
        for _ in range(count):
            self.spool.append("2026-11-23T08:45:00.123Z", f"!note mark={self.mark}")

    def hear(self, payload: bytes) -> None:
        self.sender.acknowledge(0, payload)
        if self.sender.ahead and (self.sender.clash or not self.renumbered):
            above = self.sender.ahead + (self.dice.randrange(16) if self.renumbered else 0)
            self.renumbered += 1
            self.spool.start([("reason", self.mark)], above)
            self.sender.renumbered()

    def waits(self) -> set[tuple[int, int]]:
        """The numbers that are in the spool."""
        return {
            (segment.boot, seq)
            for segment in self.spool.segments
            for _, _, seq, _ in self.spool.read(segment, 0)
        }


class Server:
    """What ingest does with a message: `refused` are the lines that it would not take."""

    def __init__(self, folder) -> None:
        self.store = open_store(f"sqlite:///{folder}/n.db", reader=FrameReader())
        self.refused: list[str] = []
        self._intake = Intake("neonat/1", None, FrameReader(), Refusals())

    def take(self, payload: bytes) -> list[bytes]:
        self._intake.take(Message("neonat/1/bed-1/frames", payload, T0))
        written = self.store.write(self._intake.records)
        self._intake.records.clear()
        self.refused += [f"{one.boot}.{one.seq} {one.data.decode()}" for one in written.conflicts]
        return ack_payloads(answers(written).get("bed-1", []))

    def stored(self) -> dict[tuple[int, int], str]:
        return {(row["boot"], row["seq"]): row["data"] for row in self.store.rows("records")}


@pytest.fixture
def server(tmp_path):
    made = Server(tmp_path)
    yield made
    made.store.close()


def talk(server: Server, devices: list[Device], dice: random.Random, lost: float = 0.0) -> None:
    """Let them send; every one of them hears every answer, as on one topic, but for those lost."""
    for _ in range(60):
        for device in dice.sample(devices, len(devices)):
            payload = device.sender.message(0)
            if payload is None:
                device.sender.lost()
                continue
            for answer in server.take(bytes(payload)):
                for hearer in devices:
                    if dice.random() >= lost:
                        hearer.hear(answer)


@pytest.mark.parametrize("before", [1, 7, 60])
@pytest.mark.parametrize("after", [1, 7, 60])
def test_a_gateway_in_the_place_of_one_with_a_single_boot_is_heard(server, before, after):
    dice = random.Random(before * 100 + after)
    old = Device("old")
    old.say(before)
    talk(server, [old], dice)
    assert not old.waits()
    new = Device("new")
    new.say(after)
    talk(server, [new], dice)
    assert new.renumbered == 1
    new.say(20)
    talk(server, [new], dice)
    stored = server.stored()
    assert all(stored[place] == data for place, data in old.said.items())
    gone = set(new.said) - new.waits()
    assert all(stored[place] == new.said[place] for place in gone)
    assert {place for place in new.said if place[0] == 2} <= gone
    for boot, seq in new.waits():
        assert f"{boot}.{seq} {new.said[boot, seq]}" in server.refused


@pytest.mark.parametrize("seed", range(5))
def test_of_two_gateways_of_one_name_everything_is_stored_or_refused_or_waits(server, seed):
    dice = random.Random(seed)
    two = [Device("one"), Device("two")]
    for _ in range(5):
        for device in two:
            device.say(dice.randrange(1, 40))
        talk(server, two, dice, lost=0.2)
    stored = server.stored()
    for device in two:
        waits = device.waits()
        for (boot, seq), data in device.said.items():
            kept = stored.get((boot, seq)) == data or (boot, seq) in waits
            assert kept or f"{boot}.{seq} {data}" in server.refused
    assert two[0].spool.boot != two[1].spool.boot
    # They have parted: what they say from now on is stored, of both.
    said = [set(device.said) for device in two]
    for device in two:
        device.say(20)
    talk(server, two, dice)
    stored = server.stored()
    for device, before in zip(two, said, strict=True):
        after = {place: data for place, data in device.said.items() if place not in before}
        assert len(after) == 20
        assert all(stored.get(place) == data for place, data in after.items())
