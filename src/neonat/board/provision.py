"""Who a board is: its configuration, from answers or from a file for many boards."""

import csv
import io
import ipaddress
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from neonat.board import vault
from neonat.board.problem import BoardError
from neonat.gateway.config import ConfigError, checked
from neonat.gateway.hardware import BOARDS
from neonat.gateway.identifier import valid_gateway
from neonat.ingest.broker_url import BrokerUrl, BrokerUrlError, broker_url

# What can be said about a board, in the order of the questions: name, question, default.
FIELDS = (
    ("id", "name of the gateway (1 to 32 of A-Z a-z 0-9 _ -)", None),
    ("broker", "broker, mqtts://HOST or mqtt://HOST", None),
    ("ca", "file with the broker's CA certificate (PEM)", None),
    ("user", "user at the broker", None),
    ("board", "kind of board, esp32-poe-iso or esp32", "esp32-poe-iso"),
    ("network", "network, ethernet or wifi", "ethernet"),
    ("ssid", "name of the Wi-Fi", None),
    ("wifi_password", "password of the Wi-Fi", None),
    ("address", "IP address, dhcp or such as 192.168.1.20/24", "dhcp"),
    ("gateway", "IP address of the router", None),
    ("dns", "IP address of the name server", None),
    ("host_name", "host name in the network", None),
    (
        "ntp",
        "time servers, separated by blanks",
        "pool.ntp.org time.google.com time.cloudflare.com",
    ),
)
NETWORKS = ("ethernet", "wifi")
# Lines USER:PASSWORD, for the broker.
USERS = "users.txt"
# What nobody is asked for: a password of one's own, a certificate instead of it.
NAMES = (*(name for name, _, _ in FIELDS), "password", "cert", "key")

_PEM = re.compile(
    r"-----BEGIN ((?:ENCRYPTED |EC |RSA )?PRIVATE KEY|CERTIFICATE)-----\r?\n"
    r"[A-Za-z0-9+/=\s:,-]*?-----END \1-----"
)
# Where the board has these files.
PLACES = {"ca": "/ca.pem", "cert": "/cert.pem", "key": "/key.pem"}

Facts = dict[str, str]


def wanted(name: str, facts: Facts) -> bool:
    """Whether a question makes sense after what was answered."""
    if name == "ca":
        return facts.get("broker", "").startswith("mqtts:")
    if name in ("ssid", "wifi_password"):
        return facts.get("network") == "wifi"
    if name in ("gateway", "dns"):
        return facts.get("address", "dhcp") != "dhcp"
    return True


def default(name: str, facts: Facts) -> str | None:
    """What an empty answer means; None where one is needed."""
    if name in ("user", "host_name"):
        return facts["id"].replace("_", "-") if name == "host_name" else facts["id"]
    if name == "dns":
        return facts.get("gateway")
    return {field: value for field, _, value in FIELDS}[name]


def rows(path: str) -> list[Facts]:
    """The boards of a CSV file with a header, or of a JSON array of objects; BoardError."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "no UTF-8 text"
        raise BoardError(f"cannot read {path}: {why}") from error
    found = list(_json(path, text) if text.lstrip()[:1] in ("[", "{") else _csv(path, text))
    if not found:
        raise BoardError(f"{path} names no board")
    names = [facts.get("id", "") for facts in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BoardError(f"{path} names {twice[0]!r} twice: every gateway has its own name")
    return found


def _csv(path: str, text: str) -> Iterator[Facts]:
    for number, row in enumerate(csv.DictReader(io.StringIO(text)), 2):
        if None in row or None in row.values():
            raise BoardError(f"{path}, line {number}: not as many columns as in the first line")
        yield _facts({key.strip(): value.strip() for key, value in row.items()}, f"{path}, line 1")


def _json(path: str, text: str) -> Iterator[Facts]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise BoardError(f"{path} is no JSON: {error}") from error
    for number, row in enumerate(found if isinstance(found, list) else [found], 1):
        where = f"{path}, board {number}"
        if not isinstance(row, dict) or not all(isinstance(each, str) for each in row.values()):
            raise BoardError(f"{where}: an object of texts is expected")
        yield _facts(row, where)


def _facts(row: dict[str, str], where: str) -> Facts:
    unknown = sorted(row.keys() - set(NAMES))
    if unknown:
        raise BoardError(f"{where}: {unknown[0]!r} is not known; known are {', '.join(NAMES)}")
    return {key: value for key, value in row.items() if value}


def objection(name: str, value: str) -> str:
    """What is wrong with an answer by itself; empty when nothing is."""
    try:
        if name == "id" and not valid_gateway(value):
            return "a name is 1 to 32 of A-Z a-z 0-9 _ -"
        if name == "broker":
            broker_url(value)
        elif name == "ca":
            pem(value)
        elif name == "board" and value not in BOARDS:
            return f"it is one of {', '.join(BOARDS)}"
        elif name == "network" and value not in NETWORKS:
            return f"it is one of {', '.join(NETWORKS)}"
        elif name == "address" and value != "dhcp":
            _interface(value)
        elif name in ("gateway", "dns"):
            ipaddress.IPv4Address(value)
    except (BoardError, ValueError) as error:
        return f"{error}; write 192.168.1.20/24" if name == "address" else str(error)
    return ""


def completed(facts: Facts) -> Facts:
    """With defaults for what was not said; BoardError for what must be."""
    full = dict(facts)
    for name, question, _ in FIELDS:
        if name in full or not wanted(name, full):
            continue
        value = default(name, full) if name != "id" else None
        if value is None:
            raise BoardError(f"{full.get('id', 'a board')}: {name} is missing ({question})")
        full[name] = value
    return full


def configuration(facts: Facts, secrets: vault.Secrets) -> dict[str, Any]:
    """The board's `config.json`; BoardError for facts that cannot be."""
    full = completed(facts)
    if not valid_gateway(full["id"]):
        raise BoardError(f"{full['id']!r} is no name for a gateway: 1 to 32 of A-Z a-z 0-9 _ -")
    try:
        url = broker_url(full["broker"])
    except BrokerUrlError as error:
        raise BoardError(f"{full['id']}: {error}") from error
    config = {
        "id": full["id"],
        "board": full["board"],
        "serial": "uart2",
        "baud": None,
        "parity": None,
        "broker": _broker(full, url, secrets["broker_password"]),
        "topic_prefix": "neonat/1",
        "network": _network(full),
        "ntp": full["ntp"].split(),
        "provisioned": datetime.now(UTC).date().isoformat(),
        "update_key": secrets["update_key"],
        "webrepl_password": secrets["webrepl_password"],
    }
    try:
        checked({"spool_bytes": 1 << 20, "spool": "spool", **config}, None)
    except ConfigError as error:
        raise BoardError(f"{full['id']}: {error}") from error
    return config


def _broker(full: Facts, url: BrokerUrl, password: str) -> dict[str, Any]:
    broker: dict[str, Any] = {"host": url.host, "port": url.port}
    broker |= {"user": full["user"], "password": password}
    if url.tls:
        broker["tls"] = {name: place for name, place in PLACES.items() if full.get(name)}
    elif full.get("cert") or full.get("key"):
        raise BoardError(f"{full['id']}: a certificate needs mqtts://")
    return broker


def _network(full: Facts) -> dict[str, Any]:
    if full["network"] not in NETWORKS:
        raise BoardError(f"{full['id']}: network is ethernet or wifi, not {full['network']!r}")
    network: dict[str, Any] = {"kind": full["network"], "host_name": full["host_name"]}
    if full["network"] == "wifi":
        network |= {"ssid": full["ssid"], "password": full["wifi_password"]}
    if full["address"] != "dhcp":
        address, mask = _address(full)
        network |= {"address": address, "netmask": mask}
        network |= {"gateway": full["gateway"], "dns": full["dns"]}
    return network


def _interface(text: str) -> ipaddress.IPv4Interface:
    """ValueError for an address without its network."""
    if "/" not in text:
        raise ValueError("the address needs its network")
    return ipaddress.IPv4Interface(text)


def _address(full: Facts) -> tuple[str, str]:
    try:
        found = _interface(full["address"])
        for name in ("gateway", "dns"):
            ipaddress.IPv4Address(full[name])
    except ValueError as error:
        raise BoardError(f"{full['id']}: {error}; write 192.168.1.20/24") from error
    return str(found.ip), str(found.netmask)


def pem(path: str, kind: str = "CERTIFICATE") -> bytes:
    """The certificates of a PEM file (of a chain the board's own first), or its first key.

    BoardError.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "no text"
        raise BoardError(f"cannot read the certificate {path}: {why}") from error
    found = [block.group() for block in _PEM.finditer(text) if block[1].endswith(kind)]
    if not found:
        raise BoardError(f"{path} holds no {kind.lower()} in PEM")
    if kind == "KEY":
        if "ENCRYPTED" in found[0]:
            raise BoardError(f"the key {path} has a password, which a board cannot ask for")
        del found[1:]
    return "".join(f"{block}\n" for block in found).encode()


def board_files(facts: Facts, secrets: vault.Secrets) -> dict[str, bytes]:
    """What makes a board this gateway: `config.json`, and the CA's certificate with TLS."""
    config = configuration(facts, secrets)
    files = {"config.json": (json.dumps(config, indent=1) + "\n").encode()}
    full = completed(facts)
    for name, place in config["broker"].get("tls", {}).items():
        files[place.lstrip("/")] = pem(full[name], "KEY" if name == "key" else "CERTIFICATE")
    return files


def provision(boards: list[Facts], vault_file: str, out: str, replace: bool) -> list[str]:
    """Write a folder a board, the secrets and the broker's users; the ids. All or nothing is made.

    Secrets that a board has already are kept unless `replace`. BoardError.
    """
    known = vault.load(vault_file)
    made: dict[str, dict[str, bytes]] = {}
    users = []
    for facts in boards:
        name = facts.get("id", "")
        old = {} if replace else known.get(name, {})
        secrets = {**vault.fresh(), **old}
        if facts.get("password"):
            secrets["broker_password"] = facts["password"]
        made[name] = board_files(facts, secrets)
        known[name] = secrets
        users.append(f"{completed(facts)['user']}:{secrets['broker_password']}\n")
    vault.keep(vault_file, known)
    for name, files in made.items():
        for path, content in files.items():
            vault.save_bytes(str(Path(out) / name / path), content)
    vault.save_bytes(str(Path(out) / USERS), "".join(users).encode())
    return list(made)


def made_files(folder: str) -> dict[str, bytes]:
    """The files of a board's folder; BoardError when it is none."""
    try:
        found = {path.name: path.read_bytes() for path in Path(folder).iterdir() if path.is_file()}
    except OSError as error:
        raise BoardError(f"cannot read {folder}: {error.strerror}") from error
    if "config.json" not in found:
        raise BoardError(f"{folder} has no config.json: make it with `neonat board provision`")
    return found
