"""Modules that are always in use together as one: each by itself takes some hundred bytes of RAM.

What the others import from one of them they take from the whole; scripts from outside still can
import it too: a stub hands it on. A top-level name that two of them have is renamed in one.
"""

import ast
import re
from collections.abc import Iterator

WHOLE = "neonat/gateway/whole"
_IMPORTED = WHOLE.replace("/", ".")
OURS = ("medibus", "neonat")

Place = tuple[int, int]
Edit = tuple[Place, Place, str]


def linked(texts: dict[str, str], *roots: str) -> dict[str, str]:
    """Sources by module, with `roots` and all that they import at their top moved into `WHOLE`."""
    order = members(texts, *roots)
    if not order:
        return texts
    taken = {each for name in order for each in _foreign(ast.parse(texts[name]), name)}
    final: dict[str, dict[str, str]] = {}
    parts = []
    for name in order:
        module = _Module(name, texts[name], final)
        own = {each: _free(each, taken) for each in module.tops}
        taken |= set(own.values())
        final[name] = {**module.imported, **own}
        parts.append(module.moved(own))
    out = {
        name: _Module(name, text, final).directed()
        for name, text in texts.items()
        if name not in order
    }
    said = {word for text in out.values() for word in re.findall(r"\w+", text)}
    for name in order:
        # What stands under a condition may not be there, unless somebody wants it.
        sure = {each for node in ast.parse(texts[name]).body for each in _defined(node)}
        handed = [
            f"{new} as {old}"
            for old, new in final[name].items()
            if (old in sure or old in said) and not new.startswith("_")
        ]
        names = ", ".join(handed)
        out[name] = f"from {_IMPORTED} import {names}\n" if handed else ""
    out[WHOLE] = "\n".join(parts)
    return out


def members(texts: dict[str, str], *roots: str) -> list[str]:
    """The modules that `linked` moves into `WHOLE`."""
    order: list[str] = []
    for root in roots:
        _collect(texts, root, order)
    return order


def _collect(texts: dict[str, str], name: str, order: list[str]) -> None:
    """The modules that one imports at its top, before it."""
    for node in ast.parse(texts[name]).body:
        if isinstance(node, ast.ImportFrom):
            for target in _targets(node, name, texts):
                if target not in order:
                    _collect(texts, target, order)
    if name not in order:
        order.append(name)


def _base(node: ast.ImportFrom, name: str) -> str:
    """The path of what a module imports from."""
    base = (node.module or "").replace(".", "/")
    if not node.level:
        return base
    package = "/".join(name.split("/")[: -node.level])
    return f"{package}/{base}" if base else package


def _targets(node: ast.ImportFrom, name: str, texts: dict[str, str]) -> Iterator[str]:
    base = _base(node, name)
    if base in texts:
        yield base
        return
    for alias in node.names:
        if f"{base}/{alias.name}" in texts:
            yield f"{base}/{alias.name}"


def _free(name: str, taken: set[str]) -> str:
    new, number = name, 1
    while new in taken:
        number += 1
        new = f"{name}_{number}"
    return new


class _Module:
    """One source: `tops` are the names that it defines at its top, `imported` what it takes from
    others in the whole, by the names there.
    """

    def __init__(self, name: str, text: str, final: dict[str, dict[str, str]]):
        self._name = name
        self._lines = text.splitlines(keepends=True)
        self._tree = ast.parse(text)
        self.tops: list[str] = []
        self.imported: dict[str, str] = {}
        self._modules: dict[str, dict[str, str]] = {}
        self._gone: list[ast.stmt] = []
        self._from: list[ast.ImportFrom] = []
        self._top = list(_at_top(self._tree.body))
        for part in self._top:
            self.tops += [each for each in _defined(part) if each not in self.tops]
        for node in ast.walk(self._tree):
            if isinstance(node, ast.ImportFrom):
                self._take(node, final)

    def _take(self, node: ast.ImportFrom, final: dict[str, dict[str, str]]) -> None:
        base = _base(node, self._name)
        if base in final:
            for alias in node.names:
                self.imported[alias.asname or alias.name] = final[base][alias.name]
            self._gone.append(node)
            self._from.append(node)
        else:
            moved = [alias for alias in node.names if f"{base}/{alias.name}" in final]
            for alias in moved:
                self._modules[alias.asname or alias.name] = final[f"{base}/{alias.name}"]
            if moved:
                self._gone.append(node)
            assert not moved or len(moved) == len(node.names)

    def moved(self, own: dict[str, str]) -> str:
        """Its text inside the whole."""
        names = {**self.imported, **{old: new for old, new in own.items() if old != new}}
        edits: list[Edit] = [(*_extent(node), "pass") for node in self._gone]
        for node in ast.walk(self._tree):
            edits += self._edits(node, names)
        return self._edited(edits)

    def _edited(self, edits: list[Edit]) -> str:
        lines = self._lines
        for (row, column), (end_row, end_column), new in sorted(edits, reverse=True):
            tail = lines[end_row - 1][end_column:]
            lines[row - 1] = lines[row - 1][:column] + new + tail
            for gone in range(row, end_row):
                lines[gone] = ""
        return "".join(lines)

    def directed(self) -> str:
        """Its text outside the whole, with what it takes from there named as it is there."""
        edits: list[Edit] = []
        for node in self._from:
            names = [
                f"{self.imported[alias.asname or alias.name]} as {alias.asname or alias.name}"
                for alias in node.names
            ]
            edits.append((*_extent(node), f"from {_IMPORTED} import {', '.join(names)}"))
        return self._edited(edits)

    def _edits(self, node: ast.AST, names: dict[str, str]) -> Iterator[Edit]:
        if isinstance(node, ast.Name) and names.get(node.id, node.id) != node.id:
            yield (*_extent(node), names[node.id])
        elif isinstance(node, ast.arg) and names.get(node.arg, node.arg) != node.arg:
            begin = (node.lineno, node.col_offset)
            yield begin, (begin[0], begin[1] + len(node.arg)), names[node.arg]
        elif (
            isinstance(node, ast.keyword)
            and node.arg
            and names.get(node.arg, "") not in ("", node.arg)
        ):
            raise ValueError(f"{node.arg}: a keyword has the name of something that is renamed")
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node in self._top:
            new = names.get(node.name, node.name)
            if new != node.name:
                word = "def " if isinstance(node, ast.FunctionDef) else "class "
                column = node.col_offset + len(word)
                yield (node.lineno, column), (node.lineno, column + len(node.name)), new
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            exports = self._modules.get(node.value.id)
            if exports:
                yield (*_extent(node), exports[node.attr])


def _foreign(tree: ast.Module, name: str) -> Iterator[str]:
    """The names that a source takes from what is not ours."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) or (
            isinstance(node, ast.ImportFrom) and not _base(node, name).startswith(OURS)
        ):
            yield from (alias.asname or alias.name for alias in node.names)


def _at_top(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements at the top, also those that a condition guards."""
    for node in body:
        yield node
        if isinstance(node, (ast.If, ast.Try)):
            yield from _at_top([*node.body, *node.orelse])


def _defined(node: ast.stmt) -> Iterator[str]:
    """The names that a statement at the top defines."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        yield node.name
    targets = getattr(node, "targets", [getattr(node, "target", None)])
    for target in targets:
        for part in ast.walk(target) if target is not None else ():
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                yield part.id


def _extent(node: ast.stmt | ast.expr) -> tuple[Place, Place]:
    assert node.end_lineno
    assert node.end_col_offset is not None
    return (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)
