"""Traces of a board with the names of the sources: on the board they have others, and no lines."""

import ast
import re
import urllib.parse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from neonat.board import compiling, files, linking, names

OTHERS_MAX = 4
_FRAME = re.compile(r'File "([\w./]+)", line \d+, in (\S+)')
_QUOTED = re.compile(r"(?<=')\w+(?=')")
_NAMING = ("AttributeError", "ImportError", "NameError")
_RECORD = re.compile(r"\btrace=(\S+)")
_SECOND = re.compile(r"_\d+$")


class Place(NamedTuple):
    """A function of a source: its file, the line where it begins, and the names that are in it."""

    file: str
    line: int
    name: str
    inside: frozenset[str]

    def __str__(self) -> str:
        return f'File "{self.file}", line {self.line}, in {self.name}'


class Tracing:
    """Translates traces of a board that runs these sources; of another version it knows nothing."""

    def __init__(self, sources: Mapping[str, Path] | None = None, scripts: tuple[str, ...] = ()):
        given = files.sources() if sources is None else sources
        texts = {name: path.read_text("utf-8") for name, path in given.items()}
        roots = [name for name in compiling.ALWAYS if name in texts]
        known = scripts if sources is not None else files.outside()
        self._names = names.originals(linking.linked(texts, *roots), known)
        self._places = {name: list(_places(f"{name}.py", text)) for name, text in texts.items()}
        within = [place for name in linking.members(texts, *roots) for place in self._places[name]]
        self._places[linking.WHOLE] = within

    def translated(self, text: str) -> str:
        """A trace, or a record with one in it (`!error … trace=…`), as the sources have it."""
        text = _RECORD.sub(lambda found: "\n" + urllib.parse.unquote(found[1]), text)
        lines = text.split("\n")
        next_name = module = ""
        for index in range(len(lines) - 1, -1, -1):
            found = _FRAME.search(lines[index])
            if found:
                shown, next_name = self._frame(found, next_name)
                lines[index] = lines[index][: found.start()] + shown + lines[index][found.end() :]
                module = module or self._module(found[1])
        if module:
            lines = [self._message(line, module) for line in lines]
        return "\n".join(lines)

    def _module(self, shown: str) -> str:
        """The path of a module, by how a trace calls it."""
        path = shown.replace(".", "/")
        return f"{path}/__init__" if f"{path}/__init__" in self._names else path

    def _frame(self, found: re.Match[str], next_name: str) -> tuple[str, str]:
        """A line of the trace, and the function's name; where it calls `next_name` is likelier."""
        module = self._module(found[1])
        name = self._names.get(module, {}).get(found[2], found[2])
        places = [each for each in self._places.get(module, ()) if _is(each, name)]
        likely = [each for each in places if next_name in each.inside] or places
        return _one_of(likely) or found[0], _SECOND.sub("", name)

    def _message(self, line: str, module: str) -> str:
        """The last line: what is missing is named there."""
        if not line.strip().startswith(_NAMING):
            return line
        known = self._names.get(module, {})
        return _QUOTED.sub(lambda found: known.get(found[0], found[0]), line)


def _one_of(places: list[Place]) -> str:
    """The first in full, some others shortly; empty without any."""
    shown = [str(place) for place in places[:1]]
    shown += [f"{place.name} in {place.file}:{place.line}" for place in places[1:OTHERS_MAX]]
    if len(places) > OTHERS_MAX:
        shown.append(f"{len(places) - OTHERS_MAX} others")
    return " or ".join(shown)


def _is(place: Place, name: str) -> bool:
    """Whether a function has this name; in the whole, one of two has a number behind it."""
    own = place.name.rpartition(".")[2]
    return own in (name, _SECOND.sub("", name))


def _places(file: str, text: str) -> Iterator[Place]:
    tree = ast.parse(text)
    yield Place(file, 1, "<module>", frozenset(_words(tree)))
    stack: list[tuple[str, ast.AST]] = [("", tree)]
    while stack:
        outer, node = stack.pop()
        for each in ast.iter_child_nodes(node):
            name = outer
            if isinstance(each, (ast.FunctionDef, ast.ClassDef)):
                name = f"{outer}.{each.name}" if outer else each.name
            if isinstance(each, ast.FunctionDef):
                yield Place(file, each.lineno, name, frozenset(_words(each)))
            stack.append((name, each))


def _words(node: ast.AST) -> Iterator[str]:
    """What a function calls, by any of its names; also by a string, as `call` does."""
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            yield each.id
        elif isinstance(each, ast.Attribute):
            yield each.attr
        elif isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value
