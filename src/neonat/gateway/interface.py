"""The board's way into the network: Ethernet or Wi-Fi, address by DHCP or given.

The chip's own software follows the cable, repeats DHCP and joins the Wi-Fi again; here it is
started, and watched so that others know at once when it is back.
"""

NAME_STACK = 8192


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


def resolve(host: str, port: int):
    """Look a name up: a function that gives the addresses, None so far; it raises OSError."""
    # The chip waits for a name server for seconds, and the line goes on meanwhile.
    import _thread
    import socket

    results: list = []

    def work() -> None:
        try:
            results.append(socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM))
        except Exception as error:
            results.append(error)

    def answer():
        if results and isinstance(results[0], Exception):
            raise OSError("the name %s is not known: %s" % (host, results[0]))
        return results[0] if results else None

    _thread.stack_size(NAME_STACK)
    _thread.start_new_thread(work, ())
    return answer
