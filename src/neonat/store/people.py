"""Who may what: people, sessions, tokens, the one-time link, and how each orders the tiles.

Passwords come hashed and keys of sessions, tokens and links as SHA-256: nothing here can be used to
sign in. Times are ms of UTC.
"""

# ruff: noqa: S608 - statements are put together from this package's own text only.

import json
from typing import TYPE_CHECKING, Any

from neonat.store.base import Base, rows
from neonat.store.records import RefusedError, Row

if TYPE_CHECKING:
    from neonat.store.queries import Queries

_PERSON = (
    "id, name, password, subject, role, disabled, language, created_at, signed_in_at FROM person"
)
CHANGEABLE = ("password", "role", "disabled", "language", "signed_in_at")


class TakenError(RefusedError):
    """A person of this name is there already."""


def everybody(ask: "Queries") -> list[Row]:
    """All people by name."""
    return rows(ask.base, f"SELECT {_PERSON} ORDER BY name")


def any_person(ask: "Queries") -> bool:
    """Whether there is one."""
    return ask.base.execute("SELECT 1 FROM person LIMIT 1").fetchone() is not None


def person(ask: "Queries", name: str) -> Row | None:
    """One by name."""
    return named(ask.base, name)


def named(base: Base, name: str) -> Row | None:
    """One by name, within a change."""
    return _first(base, f"SELECT {_PERSON} WHERE name = ?", name)


def of_subject(base: Base, subject: str) -> Row | None:
    """One by what an OpenID provider calls them."""
    return _first(base, f"SELECT {_PERSON} WHERE subject = ?", subject)


def add(
    base: Base,
    name: str,
    role: str | None,
    at: int,
    password: str | None = None,
    subject: str | None = None,
) -> Row:
    """Add one; TakenError."""
    if named(base, name) is not None:
        raise TakenError(name)
    base.execute(
        "INSERT INTO person(name, password, subject, role, created_at) VALUES (?, ?, ?, ?, ?)",
        (name, password, subject, role, at),
    )
    made = named(base, name)
    assert made is not None
    return made


def change(base: Base, name: str, changes: dict[str, Any]) -> Row | None:
    """Change some of `CHANGEABLE`; the person, None when there is none."""
    assert set(changes) <= set(CHANGEABLE)
    for column, value in changes.items():
        base.execute(f"UPDATE person SET {column} = ? WHERE name = ?", (value, name))
    return named(base, name)


def remove(base: Base, name: str) -> bool:
    """Take a person away with sessions, tokens and order; whether there was one."""
    one = named(base, name)
    if one is None:
        return False
    for table in ("session", "token", "tile_order"):
        base.execute(f"DELETE FROM {table} WHERE person = ?", (one["id"],))
    base.execute("DELETE FROM person WHERE id = ?", (one["id"],))
    return True


def administrators(base: Base) -> int:
    """How many can administer now."""
    return base.execute(
        "SELECT count(*) FROM person WHERE role = 'administer' AND disabled = 0"
        " AND (password IS NOT NULL OR subject IS NOT NULL)"
    ).fetchone()[0]


def begin_session(base: Base, key: str, who: int, csrf: str, at: int, until: int) -> None:
    """Begin one, and forget those that are over."""
    base.execute("DELETE FROM session WHERE expires_at <= ?", (at,))
    base.execute("INSERT INTO session VALUES (?, ?, ?, ?, ?)", (key, who, csrf, at, until))
    base.execute("UPDATE person SET signed_in_at = ? WHERE id = ?", (at, who))


def session(ask: "Queries", key: str, at: int, since: int) -> Row | None:
    """The person of a session begun after `since` and not over; its `csrf` and `expires_at`."""
    return _first(
        ask.base,
        "SELECT p.*, s.csrf AS csrf, s.expires_at AS expires_at FROM session s"
        " JOIN person p ON p.id = s.person"
        " WHERE s.key = ? AND s.expires_at > ? AND s.created_at > ? AND p.disabled = 0",
        key,
        at,
        since,
    )


def prolong(base: Base, key: str, until: int) -> None:
    """Let a session go on until then."""
    base.execute("UPDATE session SET expires_at = ? WHERE key = ?", (until, key))


def end_session(base: Base, key: str) -> None:
    """End one."""
    base.execute("DELETE FROM session WHERE key = ?", (key,))


def end_sessions(base: Base, who: int, but: str = "") -> None:
    """End all of a person but one."""
    base.execute("DELETE FROM session WHERE person = ? AND key <> ?", (who, but))


def add_token(
    base: Base, key: str, name: str, who: int, role: str, at: int, until: int | None
) -> Row:
    """Add an API token."""
    number = base.execute(
        "INSERT INTO token(key, name, person, role, created_at, expires_at)"
        " VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
        (key, name, who, role, at, until),
    ).fetchone()[0]
    return next(one for one in _tokens(base) if one["id"] == number)


def token(ask: "Queries", key: str, at: int) -> Row | None:
    """The person of a token that is not over; `token_id`, `token_role` and `used_at` are its."""
    return _first(
        ask.base,
        "SELECT p.*, t.id AS token_id, t.role AS token_role, t.used_at AS used_at FROM token t"
        " JOIN person p ON p.id = t.person WHERE t.key = ?"
        " AND (t.expires_at IS NULL OR t.expires_at > ?) AND p.disabled = 0",
        key,
        at,
    )


def use_token(base: Base, number: int, at: int) -> None:
    """Note that it was used."""
    base.execute("UPDATE token SET used_at = ? WHERE id = ?", (at, number))


def tokens(ask: "Queries", name: str | None = None) -> list[Row]:
    """All tokens, or those of one person."""
    return [one for one in _tokens(ask.base) if name is None or one["person"] == name]


def remove_token(base: Base, number: int, name: str | None = None) -> bool:
    """Take a token away, of anybody or of one person only; whether it was there."""
    mine = [one for one in _tokens(base) if name is None or one["person"] == name]
    if number not in [one["id"] for one in mine]:
        return False
    base.execute("DELETE FROM token WHERE id = ?", (number,))
    return True


def offer_setup(base: Base, key: str, until: int) -> None:
    """Make this the one link with which the first administrator can be made."""
    base.execute("DELETE FROM setup")
    base.execute("INSERT INTO setup VALUES (?, ?)", (key, until))


def setup_offered(ask: "Queries", at: int) -> bool:
    """Whether there is one that can still be used."""
    row = ask.base.execute("SELECT 1 FROM setup WHERE expires_at > ?", (at,)).fetchone()
    return row is not None


def setup_is(ask: "Queries", key: str, at: int) -> bool:
    """Whether this is the one that can still be used."""
    row = ask.base.execute(
        "SELECT 1 FROM setup WHERE key = ? AND expires_at > ?", (key, at)
    ).fetchone()
    return row is not None


def use_setup(base: Base, key: str, at: int) -> bool:
    """Use the link up; whether it was the right one."""
    used = base.execute("DELETE FROM setup WHERE key = ? AND expires_at > ?", (key, at))
    return used.rowcount > 0


def tile_order(ask: "Queries", who: int) -> list[str]:
    """The gateways as a person (0: nobody signs in) has put them."""
    row = ask.base.execute("SELECT names FROM tile_order WHERE person = ?", (who,)).fetchone()
    return [] if row is None else json.loads(row[0])


def put_tile_order(base: Base, who: int, names: list[str]) -> None:
    """Keep an order."""
    base.execute(
        "INSERT INTO tile_order VALUES (?, ?)"
        " ON CONFLICT (person) DO UPDATE SET names = excluded.names",
        (who, json.dumps(names, ensure_ascii=False)),
    )


def _tokens(base: Base) -> list[Row]:
    return rows(
        base,
        "SELECT t.id AS id, t.name AS name, p.name AS person, t.role AS role,"
        " t.created_at AS created_at, t.expires_at AS expires_at, t.used_at AS used_at"
        " FROM token t JOIN person p ON p.id = t.person ORDER BY t.id",
    )


def _first(base: Base, sql: str, *values: Any) -> Row | None:
    found = rows(base, sql, values)
    return found[0] if found else None
