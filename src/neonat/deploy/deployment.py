"""A deployment: one folder with all that a server, its broker and its gateways need."""

import json
import os
import re
import secrets
import shutil
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

from neonat.deploy import passwords
from neonat.deploy.certificates import Pair, authority, signed
from neonat.deploy.problem import DeployError
from neonat.ingest.envelope import GATEWAY

FACTS = "deployment.json"
DOCTOR = "neonat-doctor"
CLIENTS = ("neonat-ingest", "neonat-desk", DOCTOR)
# Names that a gateway must not have: it would be let in under one of them.
RESERVED = frozenset(CLIENTS)

PRIVATE = 0o600
PUBLIC = 0o644
FOLDER = 0o700

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.:-]{0,252}[A-Za-z0-9])?")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}")


@dataclass(frozen=True)
class Facts:
    """What a deployment was written from; `dir` is its absolute path."""

    dir: str
    hosts: tuple[str, ...]
    gateways: tuple[str, ...]
    prefix: str = "neonat/1"
    db: str | None = None
    http: str = "127.0.0.1:8080"
    listen: str = "0.0.0.0"  # noqa: S104 - every login there needs TLS and a password or certificate
    gateway_port: int = 8883
    server_port: int = 8884
    user: str = "neonat"

    @property
    def database(self) -> str:
        """The URL of the database without its password."""
        return self.db or f"sqlite:///{self.dir}/data/neonat.db"


def default_host() -> str:
    """The name of this machine."""
    return socket.gethostname()


def check(facts: Facts) -> None:
    """DeployError for what cannot be."""
    for host in facts.hosts:
        if not _HOST.fullmatch(host):
            raise DeployError(f"--host {host!r} is no name or address of a machine")
    check_gateways(facts.gateways)
    if not facts.hosts:
        raise DeployError("name a host by which gateways reach the broker: --host NAME")
    if not _USER.fullmatch(facts.user):
        raise DeployError(f"--user {facts.user!r} is no name of a user")
    if re.search(r"\s|[$%\\'\"]", facts.dir):
        raise DeployError(f"{facts.dir}: Mosquitto and systemd want a path without blanks, $ and %")


def check_gateways(names: Sequence[str]) -> None:
    """DeployError for a name that no gateway can have."""
    for name in names:
        if not GATEWAY.fullmatch(name):
            raise DeployError(f"{name!r} is no gateway's name: 1 to 32 of A-Z a-z 0-9 _ -")
        if name in RESERVED:
            raise DeployError(f"{name} is a name of the server: choose another for the gateway")
    if len(set(names)) != len(names):
        raise DeployError("a gateway is named twice: each needs a name of its own")


def write(facts: Facts, db_url: str | None) -> None:
    """Write a new deployment; all of it or nothing. DeployError.

    `db_url` is the database with its password, which is in `neonat.env` only.
    """
    check(facts)
    place = Path(facts.dir)
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise DeployError(f"{place} holds something: name a new folder; nothing is overwritten")
    part = place.with_name(f".{place.name}.{os.getpid()}.part")
    try:
        part.mkdir(parents=True, mode=FOLDER)
        for name, (content, mode) in _files(facts, db_url).items():
            _put(part / name, content, mode)
        (part / "data").mkdir(mode=FOLDER)
        os.replace(part, place)
    except OSError as error:
        raise DeployError(f"cannot write {place}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _put(path: Path, content: bytes, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=FOLDER)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        os.fchmod(handle, mode)


def _replace(path: Path, content: bytes, mode: int) -> None:
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    new.unlink(missing_ok=True)
    _put(new, content, mode)
    if os.geteuid() == 0 and path.exists():
        found = path.stat()
        os.chown(new, found.st_uid, found.st_gid)
    os.replace(new, path)


def _files(facts: Facts, db_url: str | None) -> dict[str, tuple[bytes, int]]:
    """Every file, with its mode."""
    ca = authority("neonat CA")
    made: dict[str, tuple[bytes, int]] = {
        FACTS: (_facts_text(facts), PUBLIC),
        "tls/ca.pem": (ca.certificate, PUBLIC),
        "tls/ca.key": (ca.key, PRIVATE),
        **_certificates(facts, ca),
    }
    words = {name: passwords.fresh() for name in (*facts.gateways, DOCTOR)}
    lines = [passwords.line(user, word) for user, word in words.items()]
    made["mosquitto/passwords"] = (("\n".join(lines) + "\n").encode(), PRIVATE)
    made["tls/neonat-doctor.password"] = (words[DOCTOR].encode() + b"\n", PRIVATE)
    for name in facts.gateways:
        made[f"gateways/{name}.env"] = (_gateway_env(facts, name, words[name]), PRIVATE)
    broker = f"mqtts://{facts.hosts[0]}:{facts.server_port}"
    env = f"NEONAT_DB={db_url or facts.database}\nNEONAT_BROKER={broker}\n"
    made["neonat.env"] = (env.encode(), PRIVATE)
    word = secrets.token_urlsafe(24)
    made["compose/database-password"] = (word.encode(), PRIVATE)
    database = f"postgresql://neonat:{quote(word)}@database/neonat"
    source = next(
        (str(one) for one in Path(__file__).parents if (one / "pyproject.toml").exists()), ""
    )
    compose_env = f"NEONAT_SOURCE={source}\nNEONAT_DB={database}\nNEONAT_UID={os.getuid()}\n"
    made["compose/compose.env"] = (compose_env.encode(), PRIVATE)
    for name, template in _TEMPLATES.items():
        made[name] = (_filled(template, facts), PUBLIC)
    return made


_TEMPLATES = {
    "README.txt": "README.txt",
    "mosquitto/mosquitto.conf": "mosquitto.conf",
    "mosquitto/gateways.acl": "gateways.acl",
    "mosquitto/servers.acl": "servers.acl",
    "systemd/neonat-broker.service": "broker.service",
    "systemd/neonat-ingest.service": "ingest.service",
    "systemd/neonat-web.service": "web.service",
    "systemd/neonat-gateway@.service": "gateway@.service",
    "compose/compose.yaml": "compose.yaml",
    "prometheus/alerts.yaml": "alerts.yaml",
    "prometheus/scrape.yaml": "scrape.yaml",
}


def _filled(template: str, facts: Facts) -> bytes:
    text = (files("neonat.deploy") / "templates" / template).read_text(encoding="utf-8")
    values = {
        **asdict(facts),
        "hosts": ", ".join(facts.hosts),
        "host": facts.hosts[0],
        "program": str(Path(sys.executable).with_name("neonat")),
        "mosquitto": shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin")
        or "/usr/sbin/mosquitto",
    }
    return Template(text).substitute(values).encode()


def _certificates(facts: Facts, ca: Pair) -> dict[str, tuple[bytes, int]]:
    # Ingest in a container reaches the broker by the name of its service.
    hosts = list(dict.fromkeys((*facts.hosts, "localhost", "127.0.0.1", "broker")))
    pairs = {"server": signed(ca, facts.hosts[0], hosts)}
    pairs |= {name: signed(ca, name) for name in CLIENTS}
    made = {}
    for name, pair in pairs.items():
        made[f"tls/{name}.pem"] = (pair.certificate, PUBLIC)
        made[f"tls/{name}.key"] = (pair.key, PRIVATE)
    return made


def _gateway_env(facts: Facts, name: str, password: str) -> bytes:
    return (
        f"NEONAT_BROKER=mqtts://{name}@{facts.hosts[0]}:{facts.gateway_port}\n"
        f"NEONAT_BROKER_PASSWORD={password}\nNEONAT_SERIAL=/dev/ttyUSB0\n"
    ).encode()


def _facts_text(facts: Facts) -> bytes:
    known = {key: value for key, value in asdict(facts).items() if key != "dir"}
    return (json.dumps(known, indent=1) + "\n").encode()


def load(folder: str) -> Facts:
    """The facts of a deployment; DeployError when there is none or it cannot be read."""
    place = Path(folder).absolute()
    try:
        found = json.loads((place / FACTS).read_text(encoding="utf-8"))
        names = {field.name for field in fields(Facts)} - {"dir"}
        if not isinstance(found, dict) or set(found) - names:
            raise ValueError("keys that this version does not know")
        facts = Facts(dir=str(place), **{key: _told(key, value) for key, value in found.items()})
        check(facts)
        return facts
    except DeployError as error:
        raise DeployError(f"{place / FACTS} cannot be used: {error}") from error
    except PermissionError as error:
        raise DeployError(f"{place} cannot be read: run as its owner or root") from error
    except OSError as error:
        raise DeployError(
            f"{place} is no deployment ({error.strerror}): write one with `neonat init {folder}`"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise DeployError(f"{place / FACTS} cannot be used: {error}") from error


def _told(key: str, value: Any) -> Any:
    """A value of the facts; ValueError where it is none."""
    if key in ("hosts", "gateways"):
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return tuple(value)
        raise ValueError(f'"{key}" has to be a list of names')
    kind = int if key.endswith("_port") else str
    if type(value) is kind or (key == "db" and value is None):
        return value
    raise ValueError(f'"{key}" has to be {"a number" if kind is int else "a text"}')


def add(folder: str, names: Sequence[str]) -> None:
    """Let more gateways in; DeployError when one is there already."""
    facts = load(folder)
    check_gateways((*facts.gateways, *names))
    place = Path(facts.dir)
    try:
        known = (place / "mosquitto/passwords").read_text(encoding="utf-8")
        words = {name: passwords.fresh() for name in names}
        for name, word in words.items():
            _put(place / f"gateways/{name}.env", _gateway_env(facts, name, word), PRIVATE)
        lines = "".join(passwords.line(user, word) + "\n" for user, word in words.items())
        _replace(place / "mosquitto/passwords", (known + lines).encode(), PRIVATE)
        more = Facts(**{**asdict(facts), "gateways": (*facts.gateways, *names)})
        _replace(place / FACTS, _facts_text(more), PUBLIC)
    except OSError as error:
        raise DeployError(f"cannot add to {place}: {error.strerror or error}") from error


def renew(folder: str) -> None:
    """New certificates for broker, ingest, desk and doctor, by the same authority; DeployError."""
    facts = load(folder)
    place = Path(facts.dir)
    try:
        ca = Pair((place / "tls/ca.pem").read_bytes(), (place / "tls/ca.key").read_bytes())
        made: Mapping[str, tuple[bytes, int]] = _certificates(facts, ca)
        for name, (content, mode) in made.items():
            _replace(place / name, content, mode)
    except OSError as error:
        raise DeployError(
            f"cannot renew in {place}: {error.strerror or error}; tls/ca.key has to be there"
        ) from error
