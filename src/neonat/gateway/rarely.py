"""Modules that are imported when they are used and leave a board's heap again after that."""

import sys


def drop(package: str, names) -> None:
    """Forget modules of a package, those that are there; CPython keeps them."""
    if sys.implementation.name == "micropython":
        for name in names:
            if sys.modules.pop(package + "." + name, drop) is not drop:
                delattr(sys.modules[package], name)


def call(module: str, name: str, *args):
    """Call a function of one of the gateway's modules, and forget that module."""
    try:
        return getattr(__import__("neonat.gateway." + module, None, None, (name,)), name)(*args)
    finally:
        drop("neonat.gateway", (module,))
