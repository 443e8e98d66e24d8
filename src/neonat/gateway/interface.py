"""The board's way into the network: Ethernet or Wi-Fi, address by DHCP or given.

The chip's own software follows the cable, repeats DHCP and joins the Wi-Fi again; here it is
started, and watched so that others know at once when it is back.
"""


def start(settings: dict, lan: "dict | None"):
    """The interface, active; `lan` are the board's facts of `hardware`. OSError, ValueError."""
    import network  # type: ignore[import-not-found]

    if settings.get("host_name"):
        network.hostname(settings["host_name"])
    wifi = settings.get("kind") == "wifi" or lan is None
    nic = network.WLAN(network.STA_IF) if wifi else _ethernet(network, lan)  # type: ignore[arg-type]
    nic.active(True)
    if settings.get("address"):
        names = ("address", "netmask", "gateway", "dns")
        nic.ifconfig(tuple([settings[name] for name in names]))
    if wifi:
        # Sleeping between beacons delays every frame.
        nic.config(pm=network.WLAN.PM_NONE)
        nic.connect(settings["ssid"], settings.get("password") or None)
    return nic


def _ethernet(network, lan: dict):
    from machine import Pin  # type: ignore[import-not-found]

    pins = {name: Pin(lan[name]) for name in ("power", "mdc", "mdio", "ref_clk")}
    return network.LAN(
        phy_type=getattr(network, lan["phy_type"]),
        phy_addr=lan["phy_addr"],
        ref_clk_mode=Pin.OUT,
        **pins,
    )
