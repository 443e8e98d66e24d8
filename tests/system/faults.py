"""The fixed list of faults: each is tried so many times, and then everything must be there.

Each fault is a function of (folder, tries, options); it gives what was lost, and what it counted.
"""

import contextlib
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from brokers import HOST
from databases import MEMORY, UNAVAILABLE, Postgres
from neonat.cli.serve import accepts
from neonat.store import open_store
from system.chain import GATEWAY, Chain, Program
from system.compare import losses
from system.ward import SHIFTED, Bed, Ward
from waiting import free_port, wait_for

HOSTILE = 10_000
DISK_MB = 400


class Outcome(NamedTuple):
    """How often it was done, what was lost (nothing, or else one line each), what else is known."""

    tries: int
    lost: list[str]
    note: str = ""


class Options(NamedTuple):
    """Which broker, and the seed."""

    broker: str = "embedded"
    seed: int = 0


Fault = Callable[[Path, int, Options], Outcome]


def _ward(folder: Path, options: Options, **more: Any) -> Ward:
    return Ward(folder, options.broker, seed=options.seed, **more)


def ingest_killed(folder: Path, tries: int, options: Options) -> Outcome:
    """SIGKILL of ingest in the middle of its work."""
    with _ward(folder, options) as ward:
        for _ in range(tries):
            ward.flowing()
            ward.say(300)
            ward.pause()
            ward.ingest.kill()
            ward.say(50)
            ward.pause()
            ward.start_ingest()
        return Outcome(tries, ward.lost())


def broker_killed(folder: Path, tries: int, options: Options) -> Outcome:
    """SIGKILL of the broker; it comes back without any memory."""
    with _ward(folder, options) as ward:
        for _ in range(tries):
            ward.flowing()
            ward.say(300)
            ward.pause()
            ward.broker.kill()
            ward.say(50)
            ward.pause()
            ward.broker.start()
        return Outcome(tries, ward.lost())


def network_cut(folder: Path, tries: int, options: Options) -> Outcome:
    """Connections reset on both sides, also in the middle of a message."""
    with _ward(folder, options) as ward:
        for _ in range(tries):
            ward.flowing()
            ward.say(100)
            for proxy in (ward.up, ward.down):
                proxy.cut_after(ward.random.randrange(1, 3000))
            ward.say(100)
            ward.pause()
            ward.up.cut()
            ward.down.cut()
        return Outcome(tries, ward.lost())


def half_open(folder: Path, tries: int, options: Options) -> Outcome:
    """Nothing gets through and nobody is told, as with a pulled cable; then cut, or on it goes."""
    with _ward(folder, options) as ward:
        for number in range(tries):
            ward.flowing()
            proxy = ward.random.choice((ward.up, ward.down))
            proxy.freeze()
            ward.say(100)
            ward.pause(0.2, 1.0)
            if number % 2:
                proxy.cut()
            proxy.thaw()
        return Outcome(tries, ward.lost())


def server_stopped(folder: Path, tries: int, options: Options) -> Outcome:
    """The database server goes down at once, as if its plug was pulled, and comes back."""
    try:
        server = Postgres(MEMORY)
    except UNAVAILABLE as error:
        return Outcome(0, [], f"no PostgreSQL here: {error}")
    try:
        with _ward(folder, options, url=server.new()) as ward:
            for _ in range(tries):
                ward.flowing()
                ward.say(200)
                ward.pause()
                server.stop()
                ward.say(50)
                ward.pause()
                server.start()
            return Outcome(tries, ward.lost())
    finally:
        server.close()


def database_disk_full(folder: Path, tries: int, options: Options) -> Outcome:
    """The database's files cannot grow; later they can. Room is left for the log."""
    with _ward(folder, options) as ward:
        for _ in range(tries):
            ward.flowing()
            assert ward.ingest.process is not None
            pid = ward.ingest.process.pid
            before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (1 << 16, before[1]))
            told = _told(ward, "nothing is acknowledged meanwhile")
            said = ward.beds[0].say
            wait_for(
                lambda told=told, said=said: (
                    said(200) and _told(ward, "nothing is acknowledged meanwhile") > told
                ),
                60,
                "a full disk",
            )
            resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
        return Outcome(tries, ward.lost())


def server_disk_full(folder: Path, tries: int, options: Options) -> Outcome:
    """The disk of the database server, its log included, takes nothing; later there is room."""
    # Not in the folder, which only this user may enter.
    disk = Path(tempfile.mkdtemp())
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,mode=755", "none", str(disk)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if mounted.returncode:
        disk.rmdir()
        return Outcome(0, [], "no file system of its own can be mounted here")
    try:
        return _full_disk(folder, disk, tries, options)
    except UNAVAILABLE as error:
        return Outcome(0, [], f"no PostgreSQL here: {error}")
    finally:
        subprocess.run(["umount", "-l", str(disk)], capture_output=True, check=False)
        disk.rmdir()


def _fill(path: Path) -> None:
    with contextlib.suppress(OSError), open(path, "wb", buffering=0) as ballast:
        while ballast.write(b"x" * 65536):
            pass


def _full_disk(folder: Path, disk: Path, tries: int, options: Options) -> Outcome:
    with contextlib.closing(Postgres(str(disk))) as server:
        restarts = 0
        with _ward(folder, options, url=server.new()) as ward:
            for _ in range(tries):
                ward.flowing()
                told = _told(ward, "nothing is acknowledged meanwhile")
                _fill(disk / "ballast")
                said = ward.beds[0].say
                wait_for(
                    lambda told=told, said=said: (
                        said(200) and _told(ward, "nothing is acknowledged meanwhile") > told
                    ),
                    60,
                    "a full disk",
                )
                (disk / "ballast").unlink()
                if server.is_down():
                    # What its log cannot take is the end of a server.
                    server.start()
                    restarts += 1
            return Outcome(tries, ward.lost(), f"the server had to be started {restarts} times")


def _told(ward: Ward, words: str) -> int:
    return ward.ingest.log.read_text().count(words)


def disordered(folder: Path, tries: int, options: Options) -> Outcome:
    """Messages twice and three times, in any order, some much later."""
    with _ward(folder, options) as ward:
        later: list[tuple[Bed, str]] = []
        for _ in range(tries):
            ward.flowing()
            now = [
                (bed, message)
                for bed in ward.beds
                for message in bed.say(200, send=False)
                for _ in range(ward.random.randrange(1, 4))
            ]
            ward.random.shuffle(now)
            later, put_off = now[::3], later
            for bed, message in [*now, *put_off]:
                bed.publish(message)
        for bed, message in later:
            bed.publish(message)
        return Outcome(tries, ward.lost())


def server_clock(folder: Path, tries: int, options: Options) -> Outcome:
    """The wall clock of ingest jumps by hours and years, ahead and back."""
    with _ward(folder, options) as ward:
        for number in range(tries):
            ward.flowing()
            ward.set_clock((3600.0, -7200.0, 3e8, -6e7, 0.0)[number % 5])
            ward.say(100)
            ward.flowing()
        return Outcome(tries, ward.lost())


def hostile_messages(folder: Path, tries: int, options: Options) -> Outcome:
    """Whatever Hypothesis thinks of, on every topic; honest beds are served beside it."""
    line = "hostile|2026-11-23T08:45:00.123Z|7.9|!note n=1"
    envelope = st.builds(
        lambda text, cuts, more: "".join(text[a:b] for a, b in cuts) + more,
        st.just(line),
        st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=5),
        st.text(max_size=40),
    ).map(lambda text: text.encode("utf-8", "replace"))
    numbers = st.integers(0, 2**70)
    notes = st.builds(
        lambda boot, seq, word, a, b: (
            b"hostile|+%d|%d.%d|!%s first=%d last=%d held=%d:1-%d"
            % (a, boot, seq, word, a, b, a, b)
        ),
        *(
            numbers,
            numbers,
            st.sampled_from((b"drop", b"boot", b"clock", b"link")),
            numbers,
            numbers,
        ),
    )
    payload = st.one_of(envelope, notes, st.binary(max_size=400), st.just(b"\n" * 16_000))
    topic = st.one_of(
        st.sampled_from(
            ("neonat/1/hostile/frames", "neonat/1/hostile/state", "trame_complete", "test_topic")
        ),
        st.sampled_from(("neonat/1//frames", "neonat/1/no gateway/state", "neonat/1/x/y/frames")),
    )
    with _ward(folder, options) as ward:
        ward.flowing()
        pid = ward.ingest.process.pid if ward.ingest.process else 0
        thrower = Bed("hostile-client", ward.broker.port)

        @settings(
            max_examples=tries, phases=[Phase.generate], database=None, deadline=None,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(topic, payload)
        def throw(where: str, what: bytes) -> None:
            sent = thrower.client.publish(where, what, qos=1)
            if sent.mid % 200 == 0:
                sent.wait_for_publish(60)

        throw()
        thrower.close()
        ward.say(100)
        lost = ward.lost()
        if ward.ingest.process is None or ward.ingest.process.pid != pid or not ward.ingest.running:
            lost.append("ingest ended")
        if "Traceback" in ward.ingest.log.read_text():
            lost.append("ingest met what it did not expect: see its log")
        with contextlib.closing(open_store(ward.url, create=False)) as store:
            report = store.health() or {}
        refused = sum(report.get("refused", {}).values())
        return Outcome(tries, lost, f"{refused:,} refusals counted")


def id_twice(folder: Path, tries: int, options: Options) -> Outcome:
    """Two gateways under one name: what came first stays, the other's is refused and shown."""
    lost: list[str] = []
    refused = 0
    with _ward(folder, options, beds=1) as ward:
        for number in range(tries):
            name = f"twice-{number}"
            one = Bed(name, ward.up.port, mark="one")
            one.say(50)
            wait_for(lambda one=one: not one.missing, 60, "the first one's acknowledgements")
            two = Bed(name, ward.up.port, mark="two")
            two.say(50)
            with contextlib.closing(open_store(ward.url, create=False)) as store:
                wait_for(lambda store=store, name=name: _conflicts(store, name), 60, "the refusals")
                rows = list(store.rows("records", name))
                lost += [
                    f"{name} {row['seq']}: {row['data']}"
                    for row in rows
                    if row["data"].encode() != one.data(row["seq"])
                ]
                if len(rows) != 10:
                    lost.append(f"{name}: {len(rows)} records of 10")
                refused += _conflicts(store, name)
            one.close()
            two.close()
        lost += ward.lost()
    return Outcome(tries, lost, f"{refused} refused as conflict")


def _conflicts(store: Any, name: str) -> int:
    return sum(row["reason"] == "conflict" for row in store.rows("refusals", name))


def flood(folder: Path, tries: int, options: Options) -> Outcome:
    """One gateway sends as fast as it can; how long the others wait for each acknowledgement."""
    quiet: list[float] = []
    loud: list[float] = []
    with _ward(folder, options, beds=4) as ward:
        flooding, *others = ward.beds
        for _ in range(tries):
            ward.flowing()
            for waited, load in ((quiet, 0), (loud, 10_000)):
                flooding.say(load)
                for _ in range(10):
                    for bed in others:
                        bed.say(1)
                    time.sleep(0.05)
                wait_for(lambda: not any(bed.missing for bed in others), 120, "the others")
                waited += [bed.waited[seq] for bed in others for seq in sorted(bed.said)[-10:]]
        note = f"others wait p99 {_p99(quiet):.0f} ms, in the flood {_p99(loud):.0f} ms"
        return Outcome(tries, ward.lost(), note)


def _p99(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)] * 1000


def gateway_clock(folder: Path, tries: int, options: Options) -> Outcome:
    """The wall clock of the gateway's machine jumps while it works."""
    clock = folder / "gateway-clock"
    kept = {name: os.environ.get(name) for name in ("NEONAT_TEST_CLOCK", "PYTHONPATH")}
    os.environ["NEONAT_TEST_CLOCK"] = str(clock)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(SHIFTED), kept["PYTHONPATH"]]))
    try:
        with Chain(folder, options.broker, seed=options.seed) as chain:
            chain.await_first()
            for number in range(tries):
                clock.write_text(str((7200.0, -3600.0, 86_400.0, 0.0)[number % 4]))
                wait_for(lambda chain=chain, number=number: _steps(chain) > number, 90, "the step")
            chain.settle(120)
            return Outcome(tries, _unexplained(chain), f"{_steps(chain)} steps on record")
    finally:
        for name, value in kept.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _steps(chain: Chain) -> int:
    return sum("!clock" in row.data and "step=" in row.data for row in chain.stored("records"))


def gateway_killed(folder: Path, tries: int, options: Options) -> Outcome:
    """SIGKILL of the gateway; both ends of the chain are compared."""
    with Chain(folder, options.broker, seed=options.seed) as chain:
        chain.await_first()
        for _ in range(tries):
            newest = max(row.boot for row in chain.stored())
            chain.kill_gateway()
            chain.start_gateway()
            # A gateway that never lives long enough to read a frame proves little.
            wait_for(
                lambda chain=chain, newest=newest: any(
                    row.boot > newest for row in chain.stored()[-50:]
                ),
                90,
                "frames of the new start",
            )
        chain.settle(120)
        frames, records = chain.stored(), chain.stored("records")
        lost = losses(chain.log(), chain.lives, frames, records, chain.spooled)
        return Outcome(tries, lost + _unexplained(chain))


def gateway_replaced(folder: Path, tries: int, options: Options) -> Outcome:
    """Another machine takes the gateway's place: its spool and the count of its starts are new.

    What it records under numbers that are taken, until the server has told it so, is refused and
    shown; it keeps that, and goes on with numbers that are free.
    """
    lost: list[str] = []
    refused = 0
    for number in range(tries):
        place = folder / str(number)
        place.mkdir()
        with Chain(place, options.broker, seed=options.seed) as chain:
            chain.await_first()
            newest = max(row.boot for row in chain.stored())
            chain.kill_gateway()
            chain.start_gateway()
            wait_for(
                lambda chain=chain, newest=newest: any(row.boot > newest for row in chain.stored()),
                90,
                "a second start",
            )
            # What a spool still holds goes with its machine: it has to be empty first.
            chain.simulator.end()
            wait_for(chain.spool_is_empty, 90, "an empty spool")
            chain.kill_gateway()
            chain.spool.rename(place / "spool-before")
            before = chain.stored()
            chain.simulator.start()
            wait_for(
                lambda place=place: os.path.islink(place / "line"), what="the incubator's line"
            )
            chain.start_gateway()
            wait_for(
                lambda chain=chain, last=before[-1].boot: any(
                    row.boot > last for row in chain.stored()
                ),
                90,
                "the new gateway's frames",
            )
            chain.simulator.end()
            wait_for(lambda chain=chain: not chain.gaps(), 90, "all that was on its way")
            if not set(before) <= set(chain.stored()):
                lost.append("what the old gateway said was changed")
            lost += _unexplained(chain)
            with contextlib.closing(open_store(chain.url, create=False)) as store:
                refused += _conflicts(store, GATEWAY)
    return Outcome(tries, lost, f"{refused} refused as conflict")


def page_killed(folder: Path, tries: int, options: Options) -> Outcome:
    """SIGKILL of the page: what comes in does not notice, and the page is there again."""
    with _ward(folder, options) as ward:
        ward.flowing()
        port = free_port()
        words = ["web", "--db", ward.url, "--http", f"{HOST}:{port}"]
        page = Program(words, folder / "web.log")
        try:
            for _ in range(tries):
                page.start()
                wait_for(accepts(HOST, port), 60, "the page")
                ward.say(100)
                page.kill()
                ward.flowing()
        finally:
            page.kill()
        return Outcome(tries, ward.lost())


def spool_disk_full(folder: Path, tries: int, options: Options) -> Outcome:
    """The spool's disk takes nothing for a while: what could not be kept is named, exactly."""
    with Chain(folder, options.broker, seed=options.seed) as chain:
        chain.await_first()
        for _ in range(tries):
            assert chain.gateway.process is not None
            pid = chain.gateway.process.pid
            before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, before[1]))
            # What is acknowledged at once may never want the disk.
            chain.up.freeze()
            time.sleep(4.0)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
            chain.up.thaw()
            count = len(chain.stored())
            wait_for(
                lambda chain=chain, count=count: len(chain.stored()) > count + 30, 60, "frames"
            )
        chain.settle(120)
        dropped = sum(boot.dropped for boot in chain.audit().boots)
        return Outcome(tries, _unexplained(chain), f"{dropped} given up and named")


def _unexplained(chain: Chain) -> list[str]:
    """What the audit cannot explain, and what was in the spool but is neither stored nor named."""
    audit = chain.audit()
    found = [] if audit.complete else [f"unexplained: {audit.boots} {audit.unheard}"]
    stored = {(row.boot, row.seq) for view in ("frames", "records") for row in chain.stored(view)}
    named = {
        (boot, seq)
        for boot, first, last, reason in chain.gaps()
        if reason == "dropped"
        for seq in range(first, last + 1)
    }
    lost = set(chain.spooled) - stored - named
    return found + [f"{place} was in the spool and is gone" for place in sorted(lost)]


# The name, the fault, how many tries `make test` and `make chaos` give it; 0 where another test of
# `make test` has it: test_exactly_once.py, test_spool_replaced.py, test_ingest_process.py.
FAULTS: dict[str, tuple[Fault, int, int]] = {
    "gateway killed": (gateway_killed, 0, 20),
    "ingest killed": (ingest_killed, 0, 50),
    "page killed": (page_killed, 0, 20),
    "broker killed, no memory": (broker_killed, 0, 50),
    "network cut, in a message too": (network_cut, 0, 100),
    "half-open connections": (half_open, 0, 50),
    "database server stopped": (server_stopped, 1, 20),
    "database's disk full": (database_disk_full, 0, 20),
    "database server's disk full": (server_disk_full, 0, 20),
    "spool's disk full": (spool_disk_full, 1, 20),
    "messages doubled, disordered, late": (disordered, 2, 100),
    "clock of the server steps": (server_clock, 2, 50),
    "clock of the gateway steps": (gateway_clock, 2, 20),
    "a gateway replaced": (gateway_replaced, 0, 10),
    "hostile messages": (hostile_messages, 300, HOSTILE),
    "a gateway's id used twice": (id_twice, 1, 20),
    "a flood from one gateway": (flood, 1, 10),
}
