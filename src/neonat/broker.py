"""The embedded broker: rumqttd from the `iotcore` wheel, as a process of its own.

`python -m neonat.broker` is that process; its options come in the environment, so that no password
shows in an argument list.
"""

import json
import logging
import os
import socket
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from neonat.logs import to_stderr
from neonat.web.address import is_loopback, why

OPTIONS_VARIABLE = "NEONAT_BROKER_OPTIONS"

# 16 KiB of payload, the topic and the headers.
PAYLOAD_MAX = 20 * 1024
CONNECTIONS_MAX = 10_000
IN_FLIGHT_MAX = 200
LOGIN_MS = 10_000
# rumqttd keeps the last messages of every filter in memory: at most 8 x 4 MiB each.
SEGMENT_BYTES = 4 << 20
SEGMENTS = 8

_CONFIG = """
id = 0
[router]
id = 0
max_connections = {connections}
max_outgoing_packet_count = {in_flight}
max_segment_size = {segment}
max_segment_count = {segments}
[v4.main]
name = "main"
listen = {listen}
next_connection_delay_ms = 1
[v4.main.connections]
connection_timeout_ms = {login_ms}
max_payload_size = {payload}
max_inflight_count = {in_flight}
dynamic_filters = true
"""


class BrokerError(Exception):
    """The broker cannot listen as asked: one line that says why and what to do."""


def config(host: str, port: int, users: Mapping[str, str]) -> str:
    """rumqttd's configuration; without users everybody may log in."""
    text = _CONFIG.format(
        connections=CONNECTIONS_MAX,
        in_flight=IN_FLIGHT_MAX,
        segment=SEGMENT_BYTES,
        segments=SEGMENTS,
        listen=_quoted(f"[{host}]:{port}" if ":" in host else f"{host}:{port}"),
        login_ms=LOGIN_MS,
        payload=PAYLOAD_MAX,
    )
    if users:
        text += "[v4.main.connections.auth]\n"
        text += "".join(f"{_quoted(user)} = {_quoted(users[user])}\n" for user in users)
    return text


def _quoted(text: str) -> str:
    # A JSON string of ASCII is a TOML string but for the surrogates that it writes beyond U+FFFF.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def users_of(path: str) -> dict[str, str]:
    """The `user:password` lines of a file; BrokerError when it has none or cannot be read."""
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "no UTF-8 text"
        raise BrokerError(f"cannot read the broker's users from {path}: {reason}") from error
    users = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        user, colon, password = line.partition(":")
        if not (user and colon and password):
            raise BrokerError(f"{path}, line {number}: write USER:PASSWORD")
        users[user] = password
    if not users:
        raise BrokerError(f"{path} names no user: write lines of USER:PASSWORD")
    return users


def check(host: str, port: int, users: Mapping[str, str], open_to_all: bool = False) -> None:
    """BrokerError unless the broker can and may listen there."""
    if not (is_loopback(host) or users or open_to_all):
        raise BrokerError(
            f"{host}:{port} can be reached from other machines: name who may log in with"
            " --broker-users FILE, or say --broker-open"
        )
    check_free(host, port, "--broker-listen")


def check_free(host: str, port: int, option: str) -> None:
    """BrokerError unless something can listen on `host`:`port` now; `option` says where else."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        socket.create_server(address[:2], family=family).close()
    except (OSError, UnicodeError, OverflowError) as error:
        raise BrokerError(
            f"cannot listen on {host}:{port} ({why(error)}): choose another with {option} HOST:PORT"
        ) from error


def environment(host: str, port: int, users: Mapping[str, str]) -> dict[str, str]:
    """What the child's environment needs besides the parent's."""
    return {OPTIONS_VARIABLE: json.dumps({"host": host, "port": port, "users": dict(users)})}


def command() -> list[str]:
    """How the child is started."""
    return [sys.executable, "-P", "-m", "neonat.broker"]


def main() -> None:
    """Be the broker until a signal ends this process."""
    from iotcore import IotCoreBroker

    to_stderr()
    # rumqttd writes a line of level ERROR for every packet that it routes.
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)
    options = json.loads(os.environ.pop(OPTIONS_VARIABLE))
    with tempfile.TemporaryDirectory(prefix="neonat-broker-") as folder:
        path = Path(folder) / "rumqttd.toml"
        path.touch(mode=0o600)
        path.write_text(
            config(options["host"], options["port"], options["users"]), encoding="utf-8"
        )
        broker = IotCoreBroker(config_path=str(path))
    broker.run_forever()


if __name__ == "__main__":
    main()
