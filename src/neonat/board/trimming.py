"""Sources without what a board does not need: hints for readers, named numbers, unused definitions.

MicroPython keeps every function, every name and every number with a name in RAM. A definition that
no module names, and no string, is left out.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator

Trees = dict[str, ast.Module]

_CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]+$")
_DEFINITION = (ast.FunctionDef, ast.ClassDef)
# MicroPython does not look at these.
_FOR_READERS = {"__all__", "__slots__"}
# Of objects for tests and people: on a board nobody compares or prints them.
_FOR_TESTS = {"__eq__", "__hash__", "__repr__"}


def trim(trees: Trees, outside: set[str]) -> None:
    """Leave out of modules, by path without suffix, what is not needed.

    `outside` are names that others than these modules use.
    """
    for tree in trees.values():
        _Plain().visit(tree)
    while _put_in_numbers(trees, outside):
        pass
    while _drop_unused(trees, outside):
        pass
    for tree in trees.values():
        _fill(tree)


class _Plain(ast.NodeTransformer):
    """Takes docstrings and annotations away."""

    def visit_If(self, node: ast.If) -> ast.If | None:
        return None if getattr(node.test, "id", "") == "TYPE_CHECKING" else self._inside(node)

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        return None if isinstance(node.value, ast.Constant) else self._inside(node)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef | None:
        if node.name in _FOR_TESTS:
            return None
        node.returns = None
        return self._inside(node)

    def visit_Assign(self, node: ast.Assign) -> ast.Assign | None:
        return None if _assigned(node) in _FOR_READERS else self._inside(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if node.value is None:
            return None
        return ast.copy_location(ast.Assign([node.target], self._inside(node.value)), node)

    def _inside(self, node):
        self.generic_visit(node)
        return node


def imports(module: str, tree: ast.AST) -> Iterator[tuple[str, ast.alias, ast.ImportFrom]]:
    """Each name that is imported from a module, whose path comes first."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            path = (node.module or "").replace(".", "/")
            if node.level:
                folder = module.rsplit("/", node.level)[0]
                path = f"{folder}/{path}".rstrip("/")
            for alias in node.names:
                yield path, alias, node


def _put_in_numbers(trees: Trees, outside: set[str]) -> int:
    """Write numbers where their names are, also those of other modules; how many were put in."""
    numbers = {module: _numbers(tree) for module, tree in trees.items()}
    changed = {
        node.attr
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)
    }
    count = 0
    for module, tree in trees.items():
        names = dict(numbers[module])
        modules = {}
        for path, alias, _ in imports(module, tree):
            known = alias.asname or alias.name
            if alias.name in numbers.get(path, {}):
                names[known] = numbers[path][alias.name]
            elif f"{path}/{alias.name}" in numbers:
                modules[known] = numbers[f"{path}/{alias.name}"]
        kept = changed | outside
        writer = _Numbers({n: v for n, v in names.items() if n not in kept}, modules, kept)
        writer.visit(tree)
        count += writer.count
    return count


def _numbers(tree: ast.Module) -> dict[str, int]:
    """The constants of a module that are always the same whole number."""
    stored = Counter(
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    )
    found = {}
    for node in tree.body:
        name = _assigned(node)
        if name and _CONSTANT.match(name) and stored[name] == 1 and _is_number(node.value):  # type: ignore[attr-defined]
            found[name] = eval(ast.unparse(node.value))  # type: ignore[attr-defined]  # noqa: S307
    return found


def _is_number(value: ast.expr) -> bool:
    if isinstance(value, ast.BinOp):
        return _is_number(value.left) and _is_number(value.right)
    if isinstance(value, ast.UnaryOp):
        return _is_number(value.operand)
    return isinstance(value, ast.Constant) and type(value.value) is int


class _Numbers(ast.NodeTransformer):
    """`names` are numbers by their names in this module, `modules` those of modules it names."""

    def __init__(self, names: dict[str, int], modules: dict[str, dict[str, int]], kept: set[str]):
        self._names = names
        self._modules = modules
        self._kept = kept
        self.count = 0

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if isinstance(node.ctx, ast.Load) and node.id in self._names:
            self.count += 1
            return ast.Constant(self._names[node.id])
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        numbers = self._modules.get(getattr(node.value, "id", ""), {})
        if node.attr in numbers and node.attr not in self._kept:
            self.count += 1
            return ast.Constant(numbers[node.attr])
        self.generic_visit(node)
        return node


def _drop_unused(trees: Trees, outside: set[str]) -> int:
    """Leave out definitions and imports that nothing names; how many."""
    wanted = outside | {name for tree in trees.values() for name in _reached(tree)}
    count = sum(_drop_imports(tree, wanted) for tree in trees.values())
    used = outside | {name for tree in trees.values() for name in _used(tree)}
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, (ast.Module, ast.ClassDef)):
                kept = [each for each in node.body if _is_needed(each, used)]
                count += len(node.body) - len(kept)
                node.body = kept
    return count


def _drop_imports(tree: ast.Module, wanted: set[str]) -> int:
    """Leave out of a module the names that it imports and does not use, nor others through it."""
    loaded = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    if _is_stub(tree):
        loaded = wanted
    count = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            kept = [alias for alias in node.names if (alias.asname or alias.name) in loaded]
            count += len(node.names) - len(kept)
            node.names = kept
    return count


def _is_stub(tree: ast.Module) -> bool:
    """Whether a module only hands on what another one defines."""
    return all(isinstance(node, ast.ImportFrom) for node in tree.body)


def _reached(tree: ast.Module) -> Iterator[str]:
    """Names by which a module takes something from another one, while it runs."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.ImportFrom) and not _is_stub(tree):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _used(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield node.name
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _is_needed(node: ast.stmt, used: set[str]) -> bool:
    if isinstance(node, _DEFINITION):
        return node.name in used or node.name.startswith("__")
    name = _assigned(node)
    if name is None or name in used or name.startswith("__"):
        return True
    # What computes may do something.
    return any(isinstance(inside, ast.Call) for inside in ast.walk(node))


def _assigned(node: ast.AST) -> str | None:
    """The one name that a statement assigns to."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        return getattr(node.targets[0], "id", None)
    return None


def _fill(tree: ast.Module) -> None:
    """Make a tree whole again where something was left out."""
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if isinstance(block, list):
                left = [
                    each
                    for each in block
                    if not isinstance(each, (ast.Import, ast.ImportFrom)) or each.names
                ]
                if field == "body" and not left and not isinstance(node, ast.Module):
                    left = [ast.Pass()]
                setattr(node, field, left)
    ast.fix_missing_locations(tree)
