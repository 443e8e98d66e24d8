"""The arrows between the rooms point one way: what each may import, read from its source."""

import ast
import sys
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[1] / "src"

# Room: the rooms of this project that it may import (ARCHITECTURE.md, "Rooms").
ROOMS: dict[str, tuple[str, ...]] = {
    "medibus.catalog": (),
    "medibus": ("medibus",),
    "neonat.gateway": ("medibus", "neonat.gateway"),
    "neonat.simulator": ("medibus", "neonat.simulator"),
    "neonat.store": ("neonat.store",),
    "neonat.ingest": ("medibus", "neonat.gateway.envelope", "neonat.store", "neonat.ingest"),
    "neonat.audit": ("medibus", "neonat.gateway.envelope", "neonat.store", "neonat.audit"),
    "neonat.deploy": ("neonat.ingest", "neonat.store", "neonat.deploy"),
    "neonat.original": ("medibus", "neonat.ingest", "neonat.store", "neonat.original"),
    "neonat.export": ("medibus", "neonat.store", "neonat.export"),
    "neonat.homeassistant": (
        "neonat.homeassistant",
        "neonat.ingest.broker_url",
        "neonat.store",
        "neonat.web.priority",
    ),
    "neonat.web": ("neonat.audit", "neonat.export", "neonat.store", "neonat.web"),
    "neonat.demo": (
        "medibus",
        "neonat.gateway.writing",
        "neonat.ingest.reading",
        "neonat.simulator",
        "neonat.store",
        "neonat.demo",
    ),
    "neonat.board": (
        "medibus",
        "neonat.gateway",
        "neonat.ingest.broker_url",
        "neonat.update",
        # What the page wants done, told by what it promises.
        "neonat.web.options",
        "neonat.board",
    ),
}
# What concerns no room in particular.
SHARED = ("neonat.logs", "neonat.progress")
# Modules of these rooms run on a board; those that never do are named.
PORTABLE = ("medibus", "neonat.gateway")
CPYTHON_ONLY = ("neonat.gateway.board_cpython", "neonat.gateway.serial_line")
# Not there, or not the same, on a board.
ABSENT = {
    "__future__", "abc", "dataclasses", "datetime", "enum", "functools", "itertools", "logging",
    "pathlib", "subprocess", "threading", "typing",
}  # fmt: skip
# Only MicroPython has them.
BOARD = {
    "board",
    "machine",
    "micropython",
    "network",
    "webrepl",
    "uctypes",
    "vfs",
    "ntptime",
    "cryptolib",
}


def module_name(path: Path) -> str:
    parts = path.relative_to(SOURCES).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> list[str]:
    """The modules that a source names, relative ones resolved."""
    name = module_name(path)
    package = name if path.stem == "__init__" else name.rpartition(".")[0]
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, *filter(None, [base])])
            found += [f"{base}.{alias.name}" for alias in node.names]
    return found


def within(name: str, rooms: tuple[str, ...]) -> bool:
    return any(name == room or name.startswith(room + ".") for room in rooms)


def modules() -> list[Path]:
    return sorted(SOURCES.rglob("*.py"))


def room_of(name: str) -> str | None:
    rooms = [room for room in ROOMS if within(name, (room,))]
    return max(rooms, key=len) if rooms else None


def test_relative_imports_are_seen() -> None:
    assert "medibus.frame.Frame" in imports(SOURCES / "medibus" / "decoder.py")
    assert "medibus.catalog.babyleo_tn500.ROWS" in imports(SOURCES / "medibus/catalog/default.py")


def test_every_room_is_there() -> None:
    assert {room_of(module_name(path)) for path in modules()} >= set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    allowed = ROOMS[room] + (SHARED if room.startswith("neonat") else ())
    # A package may name its own modules.
    allowed += (room,)
    wrong = [
        f"{module_name(path)} imports {name}"
        for path in modules()
        if room_of(module_name(path)) == room
        for name in imports(path)
        if within(name, ("medibus", "neonat")) and not within(name, allowed)
    ]
    assert not wrong


def test_portable_code_imports_what_a_board_has() -> None:
    wrong = []
    for path in modules():
        name = module_name(path)
        if not within(name, PORTABLE) or name in CPYTHON_ONLY:
            continue
        for imported in imports(path):
            top = imported.split(".")[0]
            own = top in ("medibus", "neonat")
            if not own and (top in ABSENT or top not in sys.stdlib_module_names | BOARD):
                wrong.append(f"{name} imports {imported}")
    assert not wrong
