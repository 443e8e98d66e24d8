"""The page in a real browser: first view, a frame on the screen, moving history, sixty tiles.

The browser draws without a graphics card here, on the same cores as everything else. Baselines, in
the same run: an empty page's load, and how far apart the browser's screen frames are when nothing
is drawn.
"""

import argparse
import multiprocessing
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from latency import PERIOD_MS, matched, row
from load import COPIED
from medibus.frame import response
from neonat.ingest.reading import FrameReader
from neonat.store import Record, open_store
from system.chain import Chain, Program
from system.proxy import HOST
from system.stream import Event
from table import Table
from waiting import free_port, wait_for
from web.browser import started
from web.parts import IDENTITY, MEASURED, Ward

DAY = 86_400_000
STEP = 600_000
MONTH_DAYS = 30
BATCH = 5000
LOADS = 10
MOVES = 240
TOLD_EVERY_S = 6

# How long until the tiles of the first screen stand there, in ms since the navigation began.
FIRST = """
new MutationObserver((_, watcher) => {
  const shown = document.querySelectorAll('.tile .number').length;
  if (shown < 20) return;
  watcher.disconnect();
  requestAnimationFrame(() => requestAnimationFrame(() => { window.first = performance.now(); }));
}).observe(document, {childList: true, subtree: true});
"""
# When what a `gateway` event tells has been drawn, with the gateway's stamp.
DRAWN = """
window.drawn = [];
const listen = EventSource.prototype.addEventListener;
EventSource.prototype.addEventListener = function (kind, then, ...more) {
  listen.call(this, kind, then, ...more);
  if (kind !== 'gateway') return;
  listen.call(this, kind, (message) => {
    const {gateway, measured} = JSON.parse(message.data);
    requestAnimationFrame(() => requestAnimationFrame(() => {
      window.drawn.push([gateway, measured?.at, performance.timeOrigin + performance.now()]);
    }));
  });
};
"""
# The stream of a whole day in a minute: the last real news of each gateway, again with later times.
HEARD = """
window.heard = new Map();
const hear = EventSource.prototype.addEventListener;
EventSource.prototype.addEventListener = function (kind, then, ...more) {
  hear.call(this, kind, then, ...more);
  if (kind !== 'gateway') return;
  window.tell = (data) => then({data: JSON.stringify(data)});
  hear.call(this, kind, ({data}) => {
    const news = JSON.parse(data);
    window.heard.set(news.gateway, news);
  });
};
"""
TELL_HOURS = """
async ([from, to, every]) => {
  const news = [...window.heard.values()];
  const later = (stamp, ms) => stamp && new Date(Date.parse(stamp) + ms).toISOString();
  for (let s = from; s < to; s += every) {
    for (const one of news) {
      const seen = (fact) => fact && {...fact, at: later(fact.at, s * 1000), received_at: null};
      const readings = one.readings.map((each) => ({...each, raw: String(s % 97)}));
      window.tell({...one, readings, now: later(one.now, s * 1000), at: later(one.at, s * 1000),
        measured: seen(one.measured), alarms_seen: seen(one.alarms_seen),
        settings_seen: seen(one.settings_seen), texts_seen: seen(one.texts_seen)});
    }
    if (s % (every * 8) === 0) await new Promise(requestAnimationFrame);
  }
}
"""
FRAMES = """
async ([count, work]) => {
  const plot = document.querySelector('.plots .u-over');
  const box = plot?.getBoundingClientRect();
  const hand = (kind, x) => plot.dispatchEvent(new PointerEvent(kind,
    {bubbles: true, clientX: x, clientY: box.top + 40, pointerId: 1}));
  const wheel = (by) => plot.dispatchEvent(new WheelEvent('wheel', {bubbles: true, cancelable: true,
    ctrlKey: true, deltaY: by, clientX: box.left + box.width / 2, clientY: box.top + 40}));
  if (work === 'pan') hand('pointerdown', box.left + box.width / 2);
  const took = [];
  let last = await new Promise(requestAnimationFrame);
  for (let i = 0; i < count; i++) {
    const x = box ? box.left + box.width / 2 + Math.sin(i / 40) * box.width / 3 : 0;
    if (work === 'pan') hand('pointermove', x);
    if (work === 'zoom') wheel(Math.sin(i / 20) * 30);
    const now = await new Promise(requestAnimationFrame);
    took.push(now - last);
    last = now;
  }
  if (work === 'pan') hand('pointerup', box.left);
  return took;
}
"""


@contextmanager
def served(db_url: str, log: Path) -> Iterator[str]:
    """A page server as a process of its own; its address."""
    port = free_port()
    address = f"http://{HOST}:{port}/"
    program = Program(["web", "--db", db_url, "--http", f"{HOST}:{port}"], log).start()
    try:
        wait_for(lambda: not program.running or answers(address), 60, "the page's server")
        if not program.running:
            sys.exit(f"the page's server ended: {log.read_text()}")
        yield address
    finally:
        program.end()


def answers(address: str) -> bool:
    """Whether a server is there, whatever it says of itself."""
    try:
        urlopen(f"{address}healthz", timeout=5).close()
    except HTTPError:
        return True
    except OSError:
        return False
    return True


def month(file: Path, incubators: int) -> str:
    """A database of a month, measured data of each incubator every ten minutes, and all of now.

    Its first day is written and summed up by the store, the others are copies of it.
    """
    began = time.monotonic()
    ward = Ward(file)
    batch: list[Record] = []
    for number in range(incubators):
        batch += ward.records(f"bed-{number}", (0x52, IDENTITY), ago=MONTH_DAYS * DAY)
    for part in range(DAY // STEP):
        data = MEASURED.replace(b"6D33.3", b"6D%4.1f" % (32 + part % 20 / 10))
        for number in range(incubators):
            ago = MONTH_DAYS * DAY - part * STEP
            batch += ward.records(f"bed-{number}", (0x24, data), ago=ago)
        if len(batch) >= BATCH:
            ward.store.write(batch)
            batch = []
    ward.store.write(batch)
    while ward.store.roll(100_000, now=True):
        pass
    ward.store.close()
    base = sqlite3.connect(file)
    for day in range(1, MONTH_DAYS):
        for sql in COPIED:
            here = sql.replace(", f.week", "")
            base.execute(here, (1 + day, day) if "?2" in sql else (1 + day,))
        base.commit()
    base.execute("ANALYZE")
    frames = base.execute("SELECT count(*) FROM frame").fetchone()[0]
    base.close()
    # Anew: a store that is open would not know of the copies.
    ward.store = open_store(ward.url, reader=ward.reader)
    ward.boot = MONTH_DAYS + 1
    now = time.time_ns() // 1_000_000
    for number in range(incubators):
        ward.usual(f"bed-{number}", ago=now - time.time_ns() // 1_000_000)
    ward.health()
    ward.store.close()
    took = time.monotonic() - began
    print(f"{frames:,} frames, {file.stat().st_size / 1e6:.0f} MB, made in {took:.0f} s")
    return ward.url


def first_view(page: Any, address: str) -> tuple[list[float], list[float]]:
    """(ms until the first screen of tiles, ms of a page with nothing on it), each load anew."""
    page.add_init_script(FIRST)
    took, bare = [], []
    for _ in range(LOADS):
        page.goto(f"{address}healthz")
        bare.append(page.evaluate("performance.getEntriesByType('navigation')[0].duration"))
        page.goto(f"{address}#/")
        wait_for(lambda: page.evaluate("window.first ?? null"), 60, "the first view")
        took.append(page.evaluate("window.first"))
    return bare, took


def feed(url: str, gateways: int, period_s: float, seconds: float) -> None:
    """What ingest would write of so many incubators; for a process of its own."""
    reader = FrameReader()
    store = open_store(url, reader=reader)
    seq = 1_000_000
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        begun = time.monotonic()
        now = time.time_ns() // 1_000_000
        batch = []
        for number in range(gateways):
            seq += 1
            raw = response(0x24, MEASURED.replace(b"6D33.3", b"6D%4.1f" % (30 + seq % 90 / 10)))
            shape, body = reader.split(raw[:-1])
            name = f"bed-{number}"
            batch.append(Record(name, 2, seq, now, None, now, shape, body, raw[:-1]))
        store.write(batch)
        time.sleep(max(0.0, period_s - (time.monotonic() - begun)))
    store.close()


@contextmanager
def fed(url: str, gateways: int, seconds: float) -> Iterator[None]:
    """Each incubator sends a frame a second meanwhile."""
    process = multiprocessing.get_context("spawn").Process(
        target=feed, args=(url, gateways, 1.0, seconds), daemon=True
    )
    process.start()
    time.sleep(2)
    yield
    process.kill()
    process.join()


def frames(page: Any, work: str) -> list[float]:
    """How far apart screen frames are while something is done, in ms."""
    return page.evaluate(FRAMES, [MOVES, work])


def a_day_open(page: Any, address: str, path: str) -> list[tuple[str, str, str]]:
    """(hours, MB of the heap after a collection, nodes) as a page hears a day of news."""
    page.add_init_script(HEARD)
    page.goto("about:blank")
    page.goto(f"{address}#{path}")
    wait_for(lambda: page.evaluate("window.heard?.size || null"), 60, "news of the gateways")
    page.wait_for_timeout(3000)
    watched = page.context.new_cdp_session(page)
    made = []
    for hours in range(0, 25, 4):
        if hours:
            page.evaluate(TELL_HOURS, [(hours - 4) * 3600, hours * 3600, TOLD_EVERY_S])
        page.wait_for_timeout(1500)
        watched.send("HeapProfiler.collectGarbage")
        heap = watched.send("Runtime.getHeapUsage")["usedSize"] / 1e6
        nodes = watched.send("Memory.getDOMCounters")["nodes"]
        made.append((f"{hours} h", f"{heap:.1f}", f"{nodes}"))
    return made


def to_the_screen(folder: Path, count: int) -> list[float]:
    """Ms from the last byte of a frame on the line to its being drawn, through the whole chain."""
    with (
        Chain(folder, "embedded", True, plan={"24": PERIOD_MS}) as chain,
        started(folder / "profile") as context,
    ):
        chain.await_first()
        page = context.pages[0]
        page.add_init_script(DRAWN)
        page.goto(f"http://{HOST}:{chain.start_web()}/")
        drawn: list[Any] = []
        wait_for(lambda: len(page.evaluate("window.drawn")) >= 10, 60, "live frames")
        page.evaluate("() => { window.drawn.length = 0; }")

        def enough() -> bool:
            page.wait_for_timeout(500)
            drawn[:] = page.evaluate("window.drawn")
            return len(drawn) >= count

        wait_for(enough, count * PERIOD_MS / 250 + 60, "frames on the screen")
        events = [Event(at, "gateway", {"measured": {"at": seen}}) for _, seen, at in drawn if seen]
        sent = [line["at"] for line in chain.log() if line.get("raw", "").startswith("\\x01$")]
        return matched(sent, events)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--incubators", type=int, default=1000)
    parser.add_argument("--frames", type=int, default=200)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table = Table(
            "a frame on the screen: ms from the last byte on the line",
            "frames",
            "p50",
            "p99",
            "max",
        )
        row(table, "gateway under MicroPython, embedded broker", to_the_screen(folder, args.frames))
        print(f"\nmaking a month of {args.incubators} incubators …", file=sys.stderr, flush=True)
        url = month(folder / "month.db", args.incubators)
        sixty = month(folder / "sixty.db", 60)
        with served(url, folder / "web.log") as address, started(folder / "a") as context:
            bare, took = first_view(context.pages[0], address)
            table = Table(
                f"first view of {args.incubators} incubators: ms", "loads", "p50", "p99", "max"
            )
            row(table, "baseline: an empty page", bare)
            row(table, "tiles of the first screen drawn", took)
            table = Table(
                "ms between screen frames (16.7: 60 a second)", "frames", "p50", "p99", "max"
            )
            page = context.new_page()
            page.goto(f"{address}healthz")
            row(table, "baseline: nothing drawn", frames(page, "rest"))
            page.goto(f"{address}#/incubator/bed-7?last=1209600")
            page.wait_for_selector(".summary tbody td:nth-child(3)")
            row(table, "moving two weeks of history", frames(page, "pan"))
            row(table, "zooming it", frames(page, "zoom"))
        with served(sixty, folder / "sixty.log") as address, started(folder / "b") as context:
            page = context.pages[0]
            page.goto(address)
            page.wait_for_selector(".tile:nth-child(60)")
            with fed(sixty, 60, 60):
                row(table, "60 tiles, each a frame a second", frames(page, "rest"))
            table = Table("a page that stays open, 60 incubators", "heap MB", "nodes")
            with fed(sixty, 60, 600):
                for path in ("/", "/incubator/bed-7"):
                    for hours, heap, nodes in a_day_open(page, address, path):
                        table.row(f"{path} after {hours} of news", heap, nodes)


if __name__ == "__main__":
    main()
