"""What `neonat doctor` looks at: each check says what is so, and what to do where it is wrong."""

import ctypes
import json
import pwd
import secrets
import shutil
import stat
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from neonat.deploy import certificates, passwords
from neonat.deploy.deployment import CLIENTS, DOCTOR, Facts, load
from neonat.deploy.probe import Probe, ProbeError
from neonat.deploy.problem import DeployError
from neonat.ingest.broker_url import BrokerUrl
from neonat.store import MissingError, Store, StoreError, open_store, schema_of

OK = "ok"
WARN = "warn"
WRONG = "wrong"

RENEW = timedelta(days=30)
SPACE_MIN = 1 << 30
SHARE_MIN = 0.1
ALIVE_MS = 10_000
SILENT_MS = 600_000
ECHO_S = 3.0
NOTHING_S = 1.0
_TIME_ERROR = 5

_PUBLIC = ("tls/ca.pem", "tls/server.pem", *(f"tls/{name}.pem" for name in CLIENTS))


class Finding(NamedTuple):
    """One line: `state` is ok, warn or wrong; `text` says what is so, `advice` what to do."""

    state: str
    what: str
    text: str
    advice: str = ""


def findings(folder: str) -> Iterator[Finding]:
    """The checks of a deployment, in order."""
    try:
        facts = load(folder)
    except DeployError as error:
        yield Finding(WRONG, "configuration", str(error))
        return
    try:
        settings = environment(Path(facts.dir) / "neonat.env")
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        users = " or ".join(dict.fromkeys((facts.user, "root")))
        advice = f"run as {users}, or write it anew: NEONAT_DB=, NEONAT_BROKER="
        text = f"cannot read {facts.dir}/neonat.env: {why}"
        yield Finding(WRONG, "configuration", text, advice)
        return
    yield _configuration(facts, settings)
    yield from _absent(facts)
    yield _permissions(facts)
    yield from _owner(facts)
    yield from _certificates(facts)
    yield from _broker(facts)
    yield from _database(facts, settings.get("NEONAT_DB") or facts.database)
    yield _space(facts)
    yield _clock()
    yield _page(facts)


def environment(path: Path) -> dict[str, str]:
    """The NAME=value lines of a file; OSError."""
    pairs = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            pairs[name.strip()] = value.strip()
    return pairs


def _configuration(facts: Facts, settings: dict[str, str]) -> Finding:
    absent = [name for name in ("NEONAT_DB", "NEONAT_BROKER") if not settings.get(name)]
    if absent:
        text = f"{facts.dir}/neonat.env does not say {' and '.join(absent)}"
        broker = f"mqtts://{facts.hosts[0]}:{facts.server_port}"
        advice = f"write there NEONAT_DB={facts.database} and NEONAT_BROKER={broker}"
        return Finding(WRONG, "configuration", text, advice)
    text = f"{len(facts.gateways)} gateways, {facts.database}"
    return Finding(OK, "configuration", text)


def _absent(facts: Facts) -> Iterator[Finding]:
    """What broker, ingest and doctor read at their start, and is not there."""
    place = Path(facts.dir)
    again = f"neonat init {place} --renew, then chown -R {facts.user}: {place}"
    copy = "put it back from a copy; without one, write a new deployment with neonat init"
    needed = {f"tls/{name}.key": again for name in ("server", *CLIENTS)}
    needed[f"tls/{DOCTOR}.password"] = copy
    for name in ("mosquitto.conf", "passwords", "gateways.acl", "servers.acl"):
        needed[f"mosquitto/{name}"] = copy
    for name, advice in needed.items():
        if not (place / name).is_file():
            yield Finding(WRONG, "files", f"there is no {place / name}", advice)


def _owner(facts: Facts) -> Iterator[Finding]:
    """Whether the user of the units can read what only an owner can."""
    advice = f"chown -R {facts.user}: {facts.dir}"
    try:
        wanted = pwd.getpwnam(facts.user).pw_uid
    except KeyError:
        text = f"there is no user {facts.user}, as whom systemd's units run"
        yield Finding(WARN, "owner", text, f"useradd --system {facts.user}; {advice}")
        return
    place = Path(facts.dir)
    read = [place, place / "neonat.env"]
    read += [path for name in ("tls", "mosquitto", "data") for path in place.glob(f"{name}/**/*")]
    foreign = [path for path in read if path.exists() and path.stat().st_uid != wanted]
    if wanted and foreign:
        text = f"systemd's units run as {facts.user}, who does not own {foreign[0]}"
        yield Finding(WARN, "owner", text, advice)


def _permissions(facts: Facts) -> Finding:
    place = Path(facts.dir)
    private = [*place.glob("tls/*.key"), *place.glob("tls/*.password"), *place.glob("**/*.env")]
    private += [place / "mosquitto/passwords", place / "compose/database-password"]
    open_to = [
        str(path.relative_to(place))
        for path in private
        if path.exists() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    ]
    if open_to:
        text = f"others can read {', '.join(open_to)}"
        advice = f"chmod 600 {' '.join(f'{place}/{name}' for name in open_to)}; renew what is in it"
        return Finding(WRONG, "permissions", text, advice)
    return Finding(OK, "permissions", f"{len(private)} secrets, readable by their owner only")


def _certificates(facts: Facts) -> Iterator[Finding]:
    place = Path(facts.dir)
    try:
        found = {name: (place / name).read_bytes() for name in _PUBLIC}
    except OSError as error:
        advice = f"neonat init {place} --renew"
        if str(error.filename).endswith("ca.pem"):
            advice = "put it back from a copy: every gateway and desk has one"
        yield Finding(WRONG, "certificates", f"{error.filename}: {error.strerror}", advice)
        return
    ca = found["tls/ca.pem"]
    for name, pem in found.items():
        bad = certificates.complaint(pem, ca) if pem != ca else None
        if bad:
            yield Finding(WRONG, "certificates", f"{name}: {bad}", f"neonat init {place} --renew")
            return
    try:
        ending = min((certificates.ends(pem), name) for name, pem in found.items())
        names = certificates.hosts_of(found["tls/server.pem"])
    except Exception as error:
        yield Finding(
            WRONG, "certificates", f"cannot be read: {error}", f"neonat init {place} --renew"
        )
        return
    absent = [host for host in facts.hosts if host not in names]
    if absent:
        text = f"tls/server.pem is not for {', '.join(absent)}"
        yield Finding(WRONG, "certificates", text, f"neonat init {place} --renew")
    left = ending[0] - datetime.now(UTC)
    day = f"{ending[1]} ends on {ending[0]:%Y-%m-%d}"
    if left < timedelta(0):
        yield Finding(WRONG, "certificates", day, f"neonat init {place} --renew, restart broker")
    elif left < RENEW:
        yield Finding(WARN, "certificates", day, f"neonat init {place} --renew, restart broker")
    elif not absent:
        yield Finding(OK, "certificates", f"valid; the first, {day}")


def _broker(facts: Facts) -> Iterator[Finding]:
    place = Path(facts.dir)
    ca = str(place / "tls/ca.pem")
    host = "localhost"

    def client(name: str) -> BrokerUrl:
        cert, key = (str(place / f"tls/{name}.{kind}") for kind in ("pem", "key"))
        return BrokerUrl(host, facts.server_port, True, certificate=cert, key=key)

    try:
        word = (place / f"tls/{DOCTOR}.password").read_text(encoding="utf-8").strip()
        with Probe(client("neonat-ingest"), ca) as probe:
            probe.login()
        yield Finding(OK, "broker", f"{host}:{facts.server_port} lets ingest in by its certificate")
        gateway = BrokerUrl(host, facts.gateway_port, True, DOCTOR, word)
        with Probe(gateway, ca) as probe, Probe(client(DOCTOR), ca) as server:
            probe.login()
            server.login()
            text = f"{host}:{facts.gateway_port} lets a gateway in by its password"
            yield Finding(OK, "broker", text)
            yield _rules(facts, probe, server)
        wrong = BrokerUrl(host, facts.gateway_port, True, DOCTOR, passwords.fresh())
        yield _stranger(facts, wrong, ca)
    except (OSError, UnicodeError) as error:
        text = f"cannot be asked: {place}/tls/{DOCTOR}.password cannot be read"
        why = getattr(error, "strerror", None) or "it is no text"
        yield Finding(WRONG, "broker", f"{text} ({why})", "put it back from a copy")
    except ProbeError as error:
        advice = "start neonat-broker; systemctl status neonat-broker says why it does not run"
        yield Finding(WRONG, "broker", str(error), advice)


def _stranger(facts: Facts, broker: BrokerUrl, ca: str) -> Finding:
    try:
        with Probe(broker, ca) as probe:
            probe.login()
    except ProbeError:
        return Finding(OK, "broker", "refuses a wrong password")
    return Finding(
        WRONG, "broker", "lets a wrong password in",
        f"run it with {facts.dir}/mosquitto/mosquitto.conf (allow_anonymous false)",
    )  # fmt: skip


def _rules(facts: Facts, probe: Probe, server: Probe) -> Finding:
    """A gateway gets its acknowledgements from the server, and reaches nothing but its own."""
    own = f"{facts.prefix}/{DOCTOR}"
    word = secrets.token_bytes(8).hex().encode()
    probe.subscribe(f"{own}/ack", f"{own}/reply", f"{facts.prefix}/+/state")
    # Written but not readable, readable but not writable, and what only the server may write.
    probe.publish(f"{own}/reply", b"reply " + word)
    probe.publish(f"{own}/ack", b"own " + word)
    server.publish(f"{own}/ack", b"0 0 0 " + word)
    heard = probe.heard(lambda payload: payload == b"0 0 0 " + word, ECHO_S)
    heard += probe.heard(lambda payload: False, NOTHING_S)
    if not any(payload == b"0 0 0 " + word for _, payload in heard):
        return Finding(
            WRONG, "topic rules", "a gateway does not get its acknowledgements",
            f"compare the broker's acl_file with {facts.dir}/mosquitto/",
        )  # fmt: skip
    foreign = sorted({topic for topic, payload in heard if payload != b"0 0 0 " + word})
    if foreign:
        return Finding(
            WRONG, "topic rules", f"a gateway reaches what is not its own: {', '.join(foreign)}",
            f"run the broker with {facts.dir}/mosquitto/mosquitto.conf",
        )  # fmt: skip
    return Finding(OK, "topic rules", "a gateway reaches its own topics only")


def _database(facts: Facts, url: str) -> Iterator[Finding]:
    try:
        schema = schema_of(url)
        if schema.version < schema.newest:
            text = f"{schema.where}: schema {schema.version} of {schema.newest}"
            advice = "start ingest, or neonat db migrate" if schema.version else "start ingest"
            yield Finding(WRONG, "database", text, advice)
            return
        store = open_store(url, create=False)
    except MissingError as error:
        text = str(error).rpartition(": ")[0]
        yield Finding(WRONG, "database", text, "start ingest: it creates the database")
        return
    except StoreError as error:
        yield Finding(WRONG, "database", str(error))
        return
    try:
        store.check()
        yield Finding(OK, "database", f"{schema.where}: schema {schema.version}, the newest")
        yield _ingest(store)
        yield from _gateways(facts, store)
    except StoreError as error:
        yield Finding(WRONG, "database", str(error))
    finally:
        store.close()


def _now() -> int:
    return time.time_ns() // 1_000_000


def _ingest(store: Store) -> Finding:
    report = store.health()
    if report is None:
        return Finding(WRONG, "ingest", "has not run on this database", "start neonat-ingest")
    age = _now() - int(report.get("at") or 0)
    if not report.get("running") or age > ALIVE_MS:
        text = f"last reported {age // 1000} s ago"
        return Finding(WRONG, "ingest", text, "start neonat-ingest; its log says why it ended")
    if report.get("failure"):
        return Finding(WRONG, "ingest", str(report["failure"]))
    if not report.get("connected"):
        text = f"no connection to {report.get('broker')}"
        return Finding(WRONG, "ingest", text, "start the broker")
    return Finding(OK, "ingest", f"alive, {report.get('waiting', 0)} envelopes waiting")


def _gateways(facts: Facts, store: Store) -> Iterator[Finding]:
    rows = {row["gateway"]: row for row in store.gateways()}
    rows.pop(DOCTOR, None)
    never = [name for name in facts.gateways if name not in rows]
    silent = [name for name, row in rows.items() if _silent(row)]
    if never:
        text = f"never heard of: {', '.join(never)}"
        yield Finding(WARN, "gateways", text, "bring its gateways/ID.env to it and start it")
    if silent:
        text = f"nothing for 10 minutes: {', '.join(silent)}"
        yield Finding(WARN, "gateways", text, "neonat board list shows which are online")
    if not never and not silent:
        yield Finding(OK, "gateways", f"{len(rows)} heard of, all lately")


def _silent(row: dict[str, Any]) -> bool:
    seen = row["last_seen"]
    return seen is None or _now() - datetime.fromisoformat(seen).timestamp() * 1000 > SILENT_MS


def _space(facts: Facts) -> Finding:
    try:
        usage = shutil.disk_usage(Path(facts.dir) / "data")
    except OSError as error:
        advice = f"mkdir -m 700 {facts.dir}/data; chown {facts.user}: {facts.dir}/data"
        return Finding(WRONG, "disk space", f"{facts.dir}/data: {error.strerror}", advice)
    text = f"{usage.free / 1e9:.1f} GB free of {usage.total / 1e9:.1f} GB at {facts.dir}/data"
    if usage.free < SPACE_MIN:
        return Finding(WRONG, "disk space", text, "make room: without it nothing is stored")
    if usage.free < SHARE_MIN * usage.total:
        return Finding(WARN, "disk space", text, "make room before it is full")
    return Finding(OK, "disk space", text)


def _clock() -> Finding:
    state = _kernel_clock()
    if state is None:
        return Finding(WARN, "clock", "cannot be told on this system", "see that NTP runs")
    if state == _TIME_ERROR:
        return Finding(WARN, "clock", "not synchronised", "timedatectl set-ntp true, or chrony")
    return Finding(OK, "clock", f"synchronised, {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")


def _kernel_clock() -> int | None:
    """What adjtimex(2) says of the clock, None where there is no such call."""
    if not sys.platform.startswith("linux"):
        return None
    # struct timex is 208 bytes on 64-bit systems; `modes` 0 asks and changes nothing.
    buffer = ctypes.create_string_buffer(512)
    try:
        found = ctypes.CDLL(None, use_errno=True).adjtimex(buffer)
    except (OSError, AttributeError):
        return None
    return found if found >= 0 else None


def _page(facts: Facts) -> Finding:
    url = f"http://{facts.http}/healthz"
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            told = json.loads(answer.read(65536))
    except urllib.error.HTTPError as error:
        return Finding(WRONG, "page", f"{url}: {_reason(error)}")
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        return Finding(WRONG, "page", f"{url}: {reason}", "start neonat-web")
    return Finding(OK, "page", f"{url}: {told.get('gateways')} gateways")


def _reason(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(error.read(65536)).get("reason") or error)
    except (OSError, ValueError, AttributeError):
        return str(error)
