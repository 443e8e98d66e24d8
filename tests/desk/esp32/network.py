"""Stands in for MicroPython's `network` on an ESP32: the file `out` says that the cable is out.
What was asked of it is in the file `wiring`.
"""

from machine import told, wired

STA_IF = 0
PHY_LAN8720 = 8720


def hostname(name):
    wired("hostname", name)


class LAN:
    def __init__(self, **facts):
        pins = ("power", "mdc", "mdio", "ref_clk")
        wired("lan", {key: v.number if key in pins else v for key, v in facts.items()})
        self._active = False
        self._facts = ("127.0.0.1", "255.0.0.0", "127.0.0.1", "127.0.0.1")

    def active(self, on):
        self._active = on

    def isconnected(self):
        return self._active and told("out") == ""

    def ifconfig(self, facts=None):
        if facts is None:
            return self._facts
        wired("address", facts)
        self._facts = facts
        return None


class WLAN(LAN):
    PM_NONE = 0

    def __init__(self, interface):
        LAN.__init__(self)

    def config(self, **facts):
        wired("wifi", facts)

    def connect(self, ssid, password):
        wired("join", ssid)
