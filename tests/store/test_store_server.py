"""What only a server can do: be away, refuse, come back, and take from many writers at once."""

import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from databases import UNAVAILABLE, Database, Postgres, database, unavailable
from histories import ALARMS, IDENTITIES, MEASURED, STEADY, T0, made
from neonat.store import Record, StoreError, Written, open_store, schema_of
from waiting import free_port, wait_for

POOL = (*MEASURED[:2], *ALARMS, *STEADY, *IDENTITIES[:3])


@pytest.fixture
def there(postgres: Postgres) -> Iterator[Database]:
    with database(postgres) as one:
        yield one


@pytest.fixture
def fragile() -> Iterator[Postgres]:
    """A server that the test may stop."""
    try:
        server = Postgres()
    except UNAVAILABLE as error:
        pytest.skip(unavailable(error))
    yield server
    server.close()


def refused(url: str) -> str:
    with pytest.raises(StoreError) as caught:
        open_store(url, create=False)
    text = str(caught.value)
    assert "\n" not in text
    assert "secret" not in text
    return text


def test_what_cannot_be_reached_says_so_in_one_line(postgres: Postgres) -> None:
    away = f"postgresql://neonat:secret@127.0.0.1:{free_port()}/neonat"
    assert "does not answer" in refused(away)
    assert "does not answer" in refused("postgresql://neonat:secret@no-such-host.invalid/neonat")
    assert "no such database" in refused(postgres.url("nothing"))
    assert "neonat db migrate" in refused(postgres.url("postgres"))
    assert "URL" in refused("postgresql://[127.0.0.1/x")


def test_a_wrong_password_says_so(fragile: Postgres) -> None:
    with fragile.raw(fragile.url("empty")) as base:
        base.execute("CREATE ROLE somebody LOGIN PASSWORD 'right'")
    rules = fragile.data / "pg_hba.conf"
    rules.write_text(
        "host all neonat 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
    )
    fragile.stop("fast")
    fragile.start()
    url = fragile.url("empty").replace("neonat@", "somebody{}@")
    assert "check them" in refused(url.format(":secret"))
    assert "wants a password" in refused(url.format(""))
    with pytest.raises(StoreError, match="may not do this"):
        open_store(url.format(":right"), create=False).check()


def test_another_programs_database_is_left_alone(there: Database) -> None:
    there.change("DROP TABLE neonat_schema")
    assert "not a database of neonat" in refused(there.url)


def test_a_newer_schema_is_left_alone(there: Database) -> None:
    there.change("UPDATE neonat_schema SET version = 9999")
    assert "newer neonat" in refused(there.url)
    with pytest.raises(StoreError, match="newer neonat"):
        schema_of(there.url)


def test_a_reader_does_not_write(there: Database) -> None:
    store = there.open(reader=None, create=False)
    with pytest.raises(StoreError, match="reading only"):
        store.write([])
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.gateways()


def test_what_no_text_can_hold_is_stored_all_the_same(there: Database) -> None:
    store = there.open()
    data = b"!error reason=\x00 raw=\xff"
    zero = b"\x01*138Air\x00Mode\x03"
    zero += b"%02X" % (sum(zero) & 0xFF)
    store.write([made("g", 1, 1, data, T0, 1), made("g", 1, 2, zero, T0, 1)])
    assert len(list(store.rows("records"))) == len(there.rows("records")) == 1
    assert [row["data"] for row in store.rows("frames")] == [zero]
    assert len(there.rows("texts")) == len(list(store.rows("texts")))


def test_writers_at_once_store_everything_exactly_once(there: Database) -> None:
    """Frames of the same gateways reach several writers in any order, and more than once."""
    rng = random.Random(5)
    records = [
        made(f"g{gateway}", 1 + seq // 150, 1 + seq % 150, POOL[seq * 7 % 13], T0 + seq * 300, seq)
        for gateway in range(3)
        for seq in range(300)
    ]
    shares: list[list[Record]] = [[] for _ in range(4)]
    for record in records:
        for share in rng.sample(shares, rng.choice([1, 1, 2])):
            share.append(record)
    for share in shares:
        rng.shuffle(share)
    written: list[Written] = []
    failures: list[BaseException] = []

    def work(share: list[Record]) -> None:
        try:
            store = there.open()
            starts = range(0, len(share), 20)
            written.extend(store.write(share[start : start + 20]) for start in starts)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(share,)) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures
    assert sum(one.stored for one in written) == len(records)
    assert sum(one.repeated for one in written) == sum(map(len, shares)) - len(records)
    assert not any(one.conflicts for one in written)
    with database(there.server) as other:
        alone = other.open()
        alone.write(records)
        store = there.open()
        for what in ("readings", "frames", "alarms", "settings", "texts", "gaps", "limits"):
            mixed = [row.items() for row in store.rows(what)]
            assert sorted(map(str, mixed)) == sorted(str(row.items()) for row in alone.rows(what))
        assert [store.latest(f"g{n}") for n in range(3)] == [
            alone.latest(f"g{n}") for n in range(3)
        ]


def test_every_change_is_seen_by_who_asks_meanwhile(there: Database) -> None:
    """A change number is never seen before those below it."""
    stop = threading.Event()
    last: dict[str, int] = {}

    def work(name: str) -> None:
        store = there.open()
        seq = 0
        while not stop.is_set():
            seq += 1
            store.write([made(name, 1, seq, MEASURED[0], T0 + seq, seq)])
        last[name] = store.changes(0)[0]

    threads = [threading.Thread(target=work, args=(f"g{n}",)) for n in range(3)]
    reader = there.open(reader=None, create=False)
    for thread in threads:
        thread.start()
    seen: dict[str, int] = {}
    since = 0

    def look() -> bool:
        nonlocal since
        since, names = reader.changes(since)
        for name in names:
            newest = there.ask("SELECT max(seq) FROM frames WHERE gateway = ?", name)
            seen[name] = newest[0][0]
        return min(seen.values(), default=0) > 20 and len(seen) == 3

    wait_for(look, 60, "changes of all writers")
    stop.set()
    for thread in threads:
        thread.join(20)
    look()
    for name, newest in seen.items():
        assert there.ask("SELECT max(seq) FROM frames WHERE gateway = ?", name) == [(newest,)]


def test_a_server_that_comes_back_is_used_again(fragile: Postgres) -> None:
    """Killed at any moment: what was acknowledged is there, and the store heals by itself."""
    with database(fragile) as one:
        store = one.open()
        web = one.open(reader=None, create=False)
        seq = 30
        store.write([made("g", 1, n, POOL[n % 13], T0 + n, n) for n in range(1, seq + 1)])
        for _ in range(3):
            killer = threading.Timer(0.3, fragile.stop)
            killer.start()
            failure = ""
            while not failure:
                try:
                    store.write(
                        [made("g", 1, n, POOL[n % 13], T0 + n, n) for n in range(seq + 1, seq + 31)]
                    )
                    seq += 30
                except StoreError as error:
                    failure = str(error)
            promised = seq
            killer.join()
            assert "\n" not in failure
            with pytest.raises(StoreError):
                web.gateways()
            with pytest.raises(StoreError):
                store.write([])
            fragile.start()
            assert web.gateways()[0]["gateway"] == "g"
            newest, count = one.ask("SELECT max(seq), count(*) FROM frames")[0]
            assert newest >= promised
            assert newest == count
        batch = [made("g", 1, n, POOL[n % 13], T0 + n, n) for n in range(1, seq + 31)]
        written = store.write(batch)
        assert (written.conflicts, written.acks) == ([], {"g": [(1, 1, seq + 30)]})


def neonat(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "neonat", *words], capture_output=True, text=True, check=False
    )


def test_the_command_tells_and_migrates(postgres: Postgres, tmp_path: Path) -> None:
    with postgres.raw(postgres.url("postgres")) as base:
        base.execute("CREATE DATABASE bare")
    for url in (postgres.url("bare"), f"sqlite:///{tmp_path}/n.db"):
        told = neonat("db", "status", "--db", url)
        assert (told.returncode, told.stdout) == (1, "")
        assert len(told.stderr.splitlines()) == 1
        for action in ("migrate", "status", "migrate"):
            told = neonat("db", action, "--db", url)
            assert (told.returncode, told.stderr) == (0, "")
            assert "the newest" in told.stdout
    postgres.drop(postgres.url("bare"))
