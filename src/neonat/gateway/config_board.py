"""The part of a configuration that only a board has: which board, network, time servers."""

from neonat.gateway import hardware
from neonat.gateway.config import ConfigError

NAME_MAX = 32  # of MicroPython's `network.hostname`
SERVERS_MAX = 5


def check(full: dict) -> None:
    """ConfigError for `board` (a name of `hardware`), `serial`, `ntp` (HOST or HOST:PORT, up to 5)
    or `network`: `kind` ethernet or wifi, `host_name`, `ssid`, `password`; `address`, `netmask`,
    `gateway`, `dns` where no DHCP gives them.
    """
    board = full.get("board") or hardware.DEFAULT
    if board not in hardware.BOARDS:
        raise ConfigError("board is one of " + ", ".join(sorted(hardware.BOARDS)))
    try:
        hardware.uart(full["serial"], board)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    _network(full["network"], hardware.BOARDS[board]["lan"])
    _servers(full.get("ntp", []))


def _network(value, lan) -> None:
    if not isinstance(value, dict) or value.get("kind") not in ("ethernet", "wifi"):
        raise ConfigError('network is {"kind": "ethernet"} or {"kind": "wifi", "ssid": …}')
    if value["kind"] == "ethernet" and lan is None:
        raise ConfigError("this board has no Ethernet: the network's kind is wifi")
    if value["kind"] == "wifi" and not _is_text(value.get("ssid"), 32):
        raise ConfigError("the network's ssid is the name of the Wi-Fi")
    if value.get("password") is not None and not _is_text(value["password"], 64):
        raise ConfigError("the network's password is a text of 1 to 64 bytes")
    name = value.get("host_name")
    if name is not None and not (_is_text(name, NAME_MAX) and _is_host(name)):
        raise ConfigError("the network's host_name is 1 to 32 of A-Z a-z 0-9 -")
    if value.get("address"):
        for key in ("address", "netmask", "gateway", "dns"):
            if not _is_ipv4(value.get(key)):
                raise ConfigError("the network's %s is an address such as 192.168.1.20" % key)


def _servers(value) -> None:
    if not isinstance(value, list) or len(value) > SERVERS_MAX:
        raise ConfigError("ntp is a list of up to %d time servers" % SERVERS_MAX)
    for server in value:
        host, colon, port = server.partition(":") if isinstance(server, str) else ("", "", "")
        if not _is_text(host, 253) or (colon and not (port.isdigit() and 0 < int(port) < 65536)):
            raise ConfigError("a time server of ntp is HOST or HOST:PORT")


def _is_text(value, longest: int) -> bool:
    return isinstance(value, str) and 0 < len(value.encode()) <= longest


def _is_host(name: str) -> bool:
    return all(
        "a" <= char <= "z" or "A" <= char <= "Z" or "0" <= char <= "9" or char == "-"
        for char in name
    )


def _is_ipv4(value) -> bool:
    parts = value.split(".") if isinstance(value, str) else []
    return len(parts) == 4 and all(part.isdigit() and int(part) < 256 for part in parts)
