"""Modules that are imported when they are used and leave a board's heap again after that."""

import sys


def drop(package: str, names) -> None:
    """Forget modules of a package, those that are there; CPython keeps them."""
    if sys.implementation.name == "micropython":
        modules = sys.modules
        for name in names:
            path = package + "." + name
            if path in modules:
                # A place in a dict keeps what it had until it is used again.
                modules[path] = None  # type: ignore[assignment]
                del modules[path]
                setattr(modules[package], name, None)
                delattr(modules[package], name)


def call(module: str, name: str, *args):
    """Call a function of one of the gateway's modules, and forget that module."""
    try:
        return getattr(__import__("neonat.gateway." + module, None, None, (name,)), name)(*args)
    finally:
        drop("neonat.gateway", (module,))
