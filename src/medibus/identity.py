"""Who is at the other end (medibus.md, "Session")."""

from collections import namedtuple

from .escape import plain

Identity = namedtuple("Identity", ("kind", "id", "name", "revision"))


def identity(data: bytes) -> "list[Identity]":
    """The identity in the data of a response 0x52; none when it is empty.

    Four characters of id, the name in apostrophes, the revision. Cut short, what is there is kept.
    """
    if not data:
        return []
    rest = plain(data[4:])
    name = rest
    revision = ""
    if rest.startswith("'"):
        end = rest.rfind("'")
        name = rest[1:end] if end > 0 else rest[1:]
        revision = rest[end + 1 :] if end > 0 else ""
    return [Identity("identity", plain(data[:4]), name, revision)]
