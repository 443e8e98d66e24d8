"""The ESP32's network and its absence: what is asked of MicroPython's `network`, and when."""

import sys
import types

import pytest


class Interface:
    """An interface that notes what it is asked."""

    def __init__(self, asked, *facts, **named):
        self.asked = asked
        self.up = False
        asked.append(("made", *facts, named))

    def __getattr__(self, name):
        def noted(*facts, **named):
            self.asked.append((name, *facts, *([named] if named else [])))

        return noted

    def isconnected(self):
        return self.up

    def ifconfig(self, facts=None):
        if facts is not None:
            self.asked.append(("ifconfig", facts))
        return ("10.0.0.9", "", "", "")


@pytest.fixture
def chip(monkeypatch):
    """Stands in for `machine` and `network`; `asked` is what was asked of them."""
    network, machine = types.ModuleType("network"), types.ModuleType("machine")
    asked: list[tuple] = []
    network.asked = asked
    network.STA_IF, network.PHY_LAN8720 = 0, 8720
    network.hostname = lambda name: asked.append(("hostname", name))
    network.WLAN = lambda *facts: Interface(asked, *facts)
    network.WLAN.PM_NONE = 0
    network.LAN = lambda **named: Interface(asked, **named)
    machine.Pin = lambda number: number
    machine.Pin.OUT = 3
    for module in (network, machine):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    yield network
    for name in ("board_esp32", "setup_esp32", "interface"):
        sys.modules.pop(f"neonat.gateway.{name}", None)


def test_wifi_with_an_address_of_its_own(chip):
    from neonat.gateway import hardware, interface

    fixed = {
        "address": "10.0.0.9",
        "netmask": "255.0.0.0",
        "gateway": "10.0.0.1",
        "dns": "10.0.0.2",
    }
    wifi = {"kind": "wifi", "host_name": "bed-1", "ssid": "ward", "password": "hush"}
    interface.start({**wifi, **fixed}, hardware.BOARDS["esp32"]["lan"])
    assert chip.asked == [
        ("hostname", "bed-1"),
        ("made", 0, {}),
        ("active", True),
        ("ifconfig", ("10.0.0.9", "255.0.0.0", "10.0.0.1", "10.0.0.2")),
        ("config", {"pm": 0}),
        ("connect", "ward", "hush"),
    ]


def test_the_olimex_board_over_wifi_and_an_open_one(chip):
    from neonat.gateway import hardware, interface

    lan = hardware.BOARDS["esp32-poe-iso"]["lan"]
    interface.start({"kind": "wifi", "ssid": "ward"}, lan)
    assert chip.asked[-1] == ("connect", "ward", None)
    interface.start({"kind": "ethernet"}, lan)
    pins = {"power": 12, "mdc": 23, "mdio": 18, "ref_clk": 17}
    facts = {"phy_type": 8720, "phy_addr": 0, "ref_clk_mode": 3}
    assert chip.asked[-2:] == [("made", pins | facts), ("active", True)]


def test_a_network_that_comes_and_goes_is_told_once_and_none_at_all_ends_in_a_restart(chip):
    from neonat.gateway.board_esp32 import PATIENCE_MS, Board

    log: list[str] = []
    board = object.__new__(Board)
    board._nic, board._up, board._looked = Interface([]), False, 0
    told = []
    for second, up in enumerate([False, True, True, False, False, True], 1):
        board._nic.up = up
        told.append(board.tend(second * 1000, log.append))
    assert told == [False, True, False, False, False, True]
    assert log == ["network: 10.0.0.9", "network: down", "network: 10.0.0.9"]
    assert board.address() == "10.0.0.9"
    board._nic, board._up = None, False
    assert board.tend(PATIENCE_MS, log.append) is False
    assert "did not start" in board.tend(PATIENCE_MS + 1000, log.append)
    with pytest.raises(OSError, match="no network"):
        board.resolve("server", 1883)


def test_webrepl_closes_by_itself_when_its_time_is_over():
    from neonat.gateway import boots

    passwords: list[str] = []
    board = types.SimpleNamespace(webrepl=passwords.append)
    remote = types.SimpleNamespace(
        until={"webrepl": 60000}, gateway=types.SimpleNamespace(board=board), log=lambda text: None
    )
    boots.expire(remote, 59999)
    assert passwords == []
    boots.expire(remote, 60000)
    assert passwords == [""]
    assert not remote.until
