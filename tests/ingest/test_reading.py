"""What the store is told about frames."""

from hypothesis import given
from hypothesis import strategies as st

from histories import ALARMS, IDENTITIES, MEASURED, OTHERS, READER, STEADY
from medibus.catalog import DEVICES
from medibus.frame import FrameError, frame_of, response
from medibus.items import items
from neonat.ingest.reading import FrameReader
from neonat.store import BAD, Boot, Clock, Drop
from neonat.store.packing import assemble

ALL = (*MEASURED, *ALARMS, *STEADY, *IDENTITIES, *OTHERS)

FRAMES = st.builds(
    lambda code, data: response(code, data)[:-1],
    st.integers(0x20, 0x7E),
    st.lists(st.sampled_from(b"0123456789. ABCEF\x03\x00-*"), max_size=60).map(bytes),
)


@given(st.binary(max_size=80) | FRAMES | st.sampled_from(ALL))
def test_a_record_is_its_shape_and_its_body(data: bytes) -> None:
    shape, body = READER.split(data)
    assert assemble(shape, body) == data
    assert READER.split(data) == (shape, body)
    READER.meaning(shape)


@given(FRAMES | st.sampled_from([one for one in ALL if one[:1] == b"\x01"]))
def test_cells_are_the_items_of_medibus(data: bytes) -> None:
    try:
        found = items(frame_of(data))
    except FrameError:
        assert READER.split(data) == (BAD, data)
        return
    shape, body = READER.split(data)
    meaning = READER.meaning(shape)
    assert meaning.request == f"{data[1]:02X}"
    wanted = [one for one in found if one.kind in ("reading", "limit", "setting", "alarm", "text")]
    cells = [cell for cell in meaning.cells if cell.kind != "identity"]
    assert [(cell.kind, cell.code) for cell in cells] == [(one.kind, one.code) for one in wanted]
    for place, (cell, item) in enumerate(zip(cells, wanted, strict=True)):
        assert cell.codepage == getattr(item, "codepage", None)
        assert cell.side == getattr(item, "side", None)
        if item.kind in ("reading", "limit", "setting"):
            raw = cell.raw
            if raw is None:
                assert body is not None
                raw = body[4 * place : 4 * place + 4].decode()
            else:
                assert cell.value == item.value
            assert raw == item.raw


def test_values_that_change_make_no_new_shape() -> None:
    one = READER.split(MEASURED[0])
    two = READER.split(response(0x24, MEASURED[0][2:-2].replace(b"30.8", b"31.9"))[:-1])
    assert one[0] == two[0]
    assert one[1] != two[1]
    times = {READER.split(response(0x28, b"18:54:%02d03-APR-19" % n)[:-1])[0] for n in range(60)}
    assert len(times) == 1
    assert len({READER.split(b"!clock at=%d" % n)[0] for n in range(9)}) == 1


def test_memory_is_bounded() -> None:
    reader = FrameReader()
    for n in range(20_000):
        reader.split(response(0x27, b"C43%012d" % n)[:-1])
    assert len(reader._known) <= 4096


def test_notes_of_the_gateway() -> None:
    note = READER.note
    assert note(b"!boot reason=start version=1 held=6:90-120,7:1-2") == Boot(
        ((6, 90, 120), (7, 1, 2))
    )
    assert note(b"!boot reason=start") == Boot(())
    assert note(b"!drop boot=6 first=1 last=9") == Drop(6, 1, 9)
    assert note(b"!drop first=1 last=9") == Drop(None, 1, 9)
    assert note(b"!clock at=1970-01-01T00:00:01.000Z uptime=5 source=ntp step=-20") == Clock(
        1000, 5, -20
    )
    for odd in (
        b"!link state=up",
        b"!drop first=x last=9",
        b"!clock at=now",
        b"!boot held=6",
        b"!\xff",
    ):
        assert note(odd) is None


def test_the_catalog_has_every_device() -> None:
    names = list(READER.names())
    assert {row.device for row in names} == {"", *DEVICES}
    assert len({(row.device, row.kind, row.codepage, row.code) for row in names}) == len(names)
    named = {(row.device, row.kind, row.code): row.name for row in names}
    assert named["5700", "limit", "6D"] == named["", "reading", "6D"] == "air_temperature"
    assert ("5000", "reading", "6D") not in named
