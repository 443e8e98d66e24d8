"""`make board-proof`: a board's image from its making to a thousand power cuts, with the counts.

The image is made by `neonat board deploy --image`, and booted under the Unix port of MicroPython
with a small heap. It reads `neonat simulate` and delivers through TLS to Mosquitto and from there
into a database. Exits with 1 when something did not hold.
"""

import argparse
import contextlib
import hashlib
import io
import json
import random
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from desk.secure_broker import SecureBroker
from desk.unix_board import HEAP, UnixBoard, image_of
from gateway.bench_server import incubator
from gateway.plan_day import records
from gateway.test_spool_flash import result as flash_result
from neonat.board import image, vault
from neonat.board.desk import Desk
from neonat.board.problem import BoardError
from neonat.cli.main import main as main_command
from neonat.ingest.broker_url import broker_url
from system.chain import Program
from waiting import wait_for

GATEWAY = "bed-1"
DAY_S = 86400
FLASH_BYTES = 1 << 20
# A file system wants some blocks for itself and for what it is about to replace.
SPOOL_BYTES = FLASH_BYTES - 65536
# What a board writes while it boots and, where nothing is acknowledged, for some seconds after.
WRITES_MAX = 16
UP_S = 15.0
QUIET_S = 3.0


class Proof:
    """The chain around one board, in `folder`; `wrong` collects what did not hold."""

    def __init__(
        self, folder: Path, line: str, broker: SecureBroker, made: Path, heap: str, behind_s: float
    ):
        self.folder = folder
        self.broker = broker
        self.wrong: list[str] = []
        self.board = UnixBoard(folder, made, line, heap, behind_s)
        self.database = folder / "proof.db"
        words = [
            "--db",
            f"sqlite:///{self.database}",
            "--broker",
            f"mqtt://127.0.0.1:{broker.port}",
        ]
        self.ingest = Program(["ingest", *words], folder / "ingest.log")

    def hold(self, true: bool, what: str) -> None:
        """Note `what` when it is not true."""
        if not true:
            self.wrong.append(what)

    def rows(self, sql: str) -> list[tuple]:
        """Rows of the database, none while it is not there."""
        try:
            with contextlib.closing(sqlite3.connect(self.database, timeout=20)) as database:
                return list(database.execute(sql))
        except sqlite3.OperationalError:
            return []

    def count(self, view: str) -> int:
        """Rows of a view."""
        found = self.rows(f"SELECT count(*) FROM {view}")
        return int(found[0][0]) if found else 0

    def state(self) -> dict[str, Any]:
        """What the gateway says of itself, empty while it does not answer."""
        try:
            with Desk(broker_url(f"mqtt://127.0.0.1:{self.broker.port}"), "neonat/1") as desk:
                desk.listen(GATEWAY, "reply")
                return desk.ask(GATEWAY, "status", timeout=5)["state"]
        except (BoardError, OSError):
            return {}

    def is_empty(self) -> bool:
        """Whether the board's spool holds next to nothing; restarts of its own are seen to."""
        self.board.tend()
        time.sleep(0.2)
        return self.state().get("spool", {}).get("records", 1000) < 10

    def sent(self) -> list[str]:
        """The frames that went over the line whole, in order."""
        log = (self.folder / "line.jsonl").read_text().splitlines()
        return [line["raw"] for line in map(json.loads, log) if "raw" in line]

    def stored(self) -> list[str]:
        """The frames in the database, in order of boot and number, escaped as on the wire."""
        from medibus.escape import escape

        rows = self.rows("SELECT data FROM frames ORDER BY boot, seq")
        return [escape(data) for (data,) in rows]


def show(name: str, *facts: object) -> None:
    """One line of the report."""
    print(f"{name:<16} " + ", ".join(map(str, facts)), flush=True)


@contextlib.contextmanager
def bench(folder: Path, heap: str, behind_s: float) -> Iterator[Proof]:
    """Line, broker, ingest and the image of a board, everything but the power."""
    broker = SecureBroker(folder)
    quiet = io.StringIO()
    with contextlib.redirect_stderr(quiet), contextlib.redirect_stdout(quiet):
        facts = {"id": GATEWAY, "broker": broker.url, "ca": str(broker.certificate)}
        made = image_of(folder, **facts)
        again = image_of(folder, **facts)
    broker.kill()
    broker.know(folder / "boards" / "users.txt")
    broker.start()
    content = made.read_bytes()
    files = image.contents(content)
    size = sum(map(len, files.values()))
    digest = hashlib.sha256(content).hexdigest()[:16]
    show("image", f"{len(files)} files, {size} bytes", f"SHA-256 {digest}…")
    speed = ("--baud", "19200", "--parity", "even")
    with incubator(folder, "--log", str(folder / "line.jsonl"), *speed) as line:
        proof = Proof(folder, line, broker, made, heap, behind_s)
        proof.hold(again.read_bytes() == content, "the image has other bytes the second time")
        proof.ingest.start()
        try:
            yield proof
        finally:
            proof.board.off()
            proof.ingest.kill()
            broker.kill()


def boots(proof: Proof) -> None:
    """It finds the line and delivers."""
    begin = time.monotonic()
    proof.board.power()
    wait_for(lambda: proof.count("frames") > 0, 90, "the first stored frame")
    took = time.monotonic() - begin
    state = proof.state()
    line = state.get("line") or {}
    speed = f"line {line.get('baud')} {line.get('parity')}"
    proof.hold(bool(state), "the gateway does not answer")
    free = f"heap free {state.get('heap_free')}"
    show("first boot", f"a frame is stored after {took:.1f} s", speed, free)


def cuts(proof: Proof, wanted: int, seed: int) -> None:
    """Power fails in the middle of block writes, half of them while nothing is acknowledged."""
    chance = random.Random(seed)
    within = powers = 0
    begin = time.monotonic()
    while within < wanted:
        if powers % 50 == 0:
            proof.ingest.start() if powers % 100 == 50 else proof.ingest.end()
        proof.board.off()
        proof.board.log.write_text("")
        powers += 1
        proof.board.power(chance.randint(1, WRITES_MAX))
        come = wait_up(proof.board)
        if not come:
            proof.hold(False, f"after cut {within} it did not come up: {proof.board.text()[-300:]}")
            break
        within += wait_cut(proof.board)
        if powers > 4 * wanted + 20:
            proof.hold(False, f"only {within} of {powers} power cuts fell into a block write")
            break
    if not proof.ingest.running:
        proof.ingest.start()
    proof.board.off()
    proof.board.power()
    wait_for(proof.is_empty, 300, "an empty spool after the cuts")
    took = time.monotonic() - begin
    show("power cuts", f"{within} in a block write, {powers} in all", f"{took:.0f} s")


def wait_up(board: UnixBoard) -> bool:
    """Whether the board reads its line, or was cut before."""
    return soon(lambda: "line:" in board.text() or "power cut" in board.text(), UP_S)


def wait_cut(board: UnixBoard) -> bool:
    """Whether the cut came while the board worked."""
    return soon(lambda: "power cut" in board.text(), QUIET_S)


def soon(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether it became true in time."""
    with contextlib.suppress(AssertionError):
        return bool(wait_for(condition, seconds))
    return False


def outage(proof: Proof, seconds: int) -> None:
    """No broker for so long, as the board's clock goes; then everything arrives."""
    before, begin = proof.state(), time.monotonic()
    mark = len(proof.sent())
    proof.broker.kill()
    proof.board.fast.touch()
    limit = 60 + seconds / 20
    wait_for(lambda: proof.board.skipped_s() >= seconds, limit, "the end of the outage")
    proof.board.fast.unlink()
    compressed = time.monotonic() - begin
    files = image.contents(proof.board.image.read_bytes())
    kept = sum(len(content) for name, content in files.items() if name.startswith("spool/"))
    proof.broker.start()
    wait_for(lambda: bool(proof.state()), 90, "the gateway after the outage")
    after = proof.state()
    passed = after["uptime_s"] - before["uptime_s"]
    frames = len(proof.sent()) - mark
    show("outage", f"{passed} s in {compressed:.0f} s", f"{frames} frames on the line",
         f"{kept} bytes on its flash at the end",
         f"heap free {after['heap_free']}")  # fmt: skip
    proof.hold(passed >= seconds, f"only {passed} s of {seconds} passed")
    wait_for(proof.is_empty, 600, "an empty spool after the outage")
    drops = proof.rows("SELECT count(*) FROM gaps WHERE reason = 'dropped'")
    proof.hold(not drops[0][0], f"{drops[0][0]} ranges were given up in the outage")


def updates(proof: Proof) -> None:
    """An update from the desk is tried and confirmed; one with another key is refused."""
    url = f"mqtt://127.0.0.1:{proof.broker.port}"
    secrets = str(proof.folder / "board-secrets.json")
    words = ["board", "update", GATEWAY, "--broker", url, "--secrets", secrets]
    stop = threading.Event()

    def tend() -> None:
        while not stop.wait(0.1):
            proof.board.tend()

    thread = threading.Thread(target=tend, daemon=True)
    thread.start()
    codes = []
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        begin = time.monotonic()
        codes.append(main_command(words))
        took = time.monotonic() - begin
        kept = json.loads(Path(secrets).read_text())
        vault.keep(secrets, {GATEWAY: {"update_key": "00" * 32}})
        codes.append(main_command(words))
    Path(secrets).write_text(json.dumps(kept))
    stop.set()
    thread.join()
    count = proof.count("frames")
    wait_for(lambda: proof.count("frames") > count, 60, "frames after the updates")
    proof.hold(codes == [0, 1], f"updates ended with {codes}: {said.getvalue()[-300:]}")
    proof.hold("authentic" in said.getvalue(), "the forged update has another reason")
    show("updates", f"one confirmed after {took:.0f} s", "a forged one refused")


def flash(proof: Proof) -> None:
    """The spool alone on a littlefs of 1 MiB in RAM: a day's records, and every single cut."""
    said = proof.folder / "said"
    with open(said, "w") as file:
        file.writelines(f"{at}|{data}\n" for at, data in records(DAY_S, seed=7))
    found = flash_result("outage", str(said), str(SPOOL_BYTES), str(FLASH_BYTES // 4096))
    back = found["back"] == found["records"] and not found["wrong"] and not found["dropped"]
    proof.hold(back, f"of a day's records not all came back: {found}")
    blocks = FLASH_BYTES // 4096
    show("a day's spool", f"{found['records']} records in {found['bytes']} bytes",
         f"{found['bytes'] / found['records']:.2f} a record",
         f"{found['blocks']} of {blocks} blocks in use", "all back byte for byte")  # fmt: skip
    calm = flash_result("calm", str(said), str(SPOOL_BYTES), str(blocks))
    proof.hold(not calm["writes"], f"a day without outage wrote to the flash: {calm}")
    show("wear", f"{found['erases']} erases, {found['erases'] / blocks:.0f} a block, in a day away",
         f"{calm['erases']} in a day with acknowledgements")  # fmt: skip
    found = flash_result("cuts", "700", "1", "1", "65536")
    show("every cut", f"{found['cuts']} block writes cut", f"{found['lives']} starts after them",
         f"{found['kept']} promised records proven")  # fmt: skip


def whole(proof: Proof) -> None:
    """What the database holds against what the line carried."""
    proof.board.off()
    sent, stored = proof.sent(), proof.stored()
    at = matched = 0
    for raw in stored:
        while at < len(sent) and sent[at] != raw:
            at += 1
        if at == len(sent):
            proof.hold(False, f"frame {matched} of the database was not sent, or not then: {raw}")
            break
        at, matched = at + 1, matched + 1
    gaps = dict(proof.rows("SELECT reason, count(*) FROM gaps GROUP BY reason"))
    refused = dict(proof.rows("SELECT reason, count(*) FROM refusals GROUP BY reason"))
    starts = proof.rows("SELECT count(DISTINCT boot), max(boot) FROM records")[0]
    proof.hold(not gaps.get("unknown"), f"{gaps.get('unknown')} gaps have no reason")
    proof.hold(not refused, f"ingest refused: {refused}")
    proof.hold(starts[1] <= proof.board.starts, f"{starts[1]} boots of {proof.board.starts} starts")
    show("database", f"{len(stored)} frames of {len(sent)} on the line", f"boots {starts[0]}",
         f"of {proof.board.starts} starts", f"gaps {gaps or 'none'}")  # fmt: skip


def main() -> int:
    """Print the counts; 1 when something did not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=1000, help="power cuts (default: 1000)")
    parser.add_argument("--outage", type=int, default=DAY_S, help="seconds (default: a day)")
    parser.add_argument("--heap", default=HEAP, help="of MicroPython (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    args = parser.parse_args()
    print(f"seed {args.seed}, heap {args.heap}, {time.strftime('%Y-%m-%d')}")
    with (
        tempfile.TemporaryDirectory() as folder,
        bench(Path(folder), args.heap, args.outage + 3600) as proof,
    ):
        try:
            boots(proof)
            updates(proof)
            flash(proof)
            outage(proof, args.outage)
            cuts(proof, args.cuts, args.seed)
            whole(proof)
        except AssertionError as error:
            proof.wrong.append(str(error))
            print(proof.board.text()[-2000:], file=sys.stderr)
        for reason in proof.wrong:
            print(f"wrong: {reason}", file=sys.stderr)
        return 1 if proof.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
