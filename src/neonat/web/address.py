"""Which addresses stay on this machine, and why one cannot be had."""

import ipaddress
import os


def is_loopback(host: str) -> bool:
    """Whether `host` (a name or an address, IPv6 with or without brackets) is this machine only.

    Names other than `localhost` are not: what they mean is up to somebody else's name server.
    """
    name = host.strip().lower()
    if name.startswith("[") and name.endswith("]"):
        name = name[1:-1]
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def host_of(header: str) -> str:
    """The host in a Host header, its port left away; IPv6 addresses keep their brackets."""
    text = header.strip()
    if text.startswith("["):
        return text[: text.find("]") + 1]
    return text.rpartition(":")[0] if ":" in text else text


def why(error: BaseException) -> str:
    """An operating system's reason in a few words; asyncio and socket add where it was."""
    number = getattr(error, "errno", None)
    if isinstance(error, OSError) and number and number > 0:
        return os.strerror(number)
    return getattr(error, "strerror", None) or str(error)
