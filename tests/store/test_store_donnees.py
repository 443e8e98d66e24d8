"""The original system's table: what the recording holds, from new gateways and from old ones."""

import re
from pathlib import Path
from zoneinfo import ZoneInfo

from databases import Database
from histories import T0, made, made_legacy
from medibus.decoder import Decoder
from medibus.frame import Frame
from neonat.ingest.legacy import legacy_envelope

CAPTURE = Path(__file__).parent.parent / "data" / "tn500.bin"
COLUMNS = {
    "T_periph": "65",
    "T_centr": "66",
    "humidite": "6C",
    "t_air": "6D",
    "rwp": "6E",
    "d_skin": "C2",
    "lum": "E4",
    "NL": "EC",
    "CHP": "F1",
    "W_date": "F3",
}
FIRST = (30.8, 31.6, 18, 33.3, 0, 0.8, 183, 53, 4, 101)


def frames() -> list[bytes]:
    """All frames of the recording."""
    return [event.raw for event in Decoder().feed(CAPTURE.read_bytes()) if isinstance(event, Frame)]


def expected() -> list[tuple[float, ...]]:
    """Its measured data, cut out of the bytes by the one form that the recording has."""
    cells = b"".join(rb"%b(.{4})" % code.encode() for code in COLUMNS.values())
    found = re.findall(rb"\x01\$%b..\r" % cells, CAPTURE.read_bytes())
    return [tuple(float(field) for field in row) for row in found]


def test_new_and_old_gateways_fill_the_same_rows(db: Database) -> None:
    store = db.open()
    raws = frames()
    store.write([made("new", 1, n, raw, T0 + n, n) for n, raw in enumerate(raws, 1)])
    zone = ZoneInfo("Europe/Paris")
    old = []
    for second, raw in enumerate(raws):
        payload = repr(b"old|2023/07/07 16:34:%d|" % second + raw).encode()
        line = legacy_envelope(payload, zone, T0)
        old.append(made_legacy(line.gateway, line.at, line.data, T0))
    store.write([], old)
    store.write([], old)
    rows = expected()
    assert len(rows) == 8
    assert rows[0] == FIRST
    for gateway in ("new", "old"):
        found = [row for row in store.rows("donnees") if row["unique_id"] == gateway]
        assert [tuple(row[name] for name in COLUMNS) for row in found] == rows
    mine = db.rows("donnees")
    assert list(mine[0]) == ["id", "unique_id", "timestamp", *COLUMNS]
    assert len({row["id"] for row in mine if row["unique_id"] == "old"}) == 8
    first = next(row for row in store.rows("donnees", "old"))
    assert first["timestamp"] == "2023-07-07T14:34:00.000Z"
