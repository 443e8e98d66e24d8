"""`neonat user`: who may sign in, and with which role."""

import argparse
import getpass
import secrets
import sys
from collections.abc import Callable
from typing import Any

from neonat.cli.ingest import DB_VARIABLE, given
from neonat.cli.output import CommandError, UsageError

DAY_MS = 86_400_000
NONE = "none"
ROLES = ("view", "operate", "administer")


def add(subparsers: argparse._SubParsersAction) -> None:
    """Add the parser of `user`."""
    parser = subparsers.add_parser(
        "user",
        help="who may sign in: add, list, role, password, token, remove",
        description="Who may sign in to the page and the HTTP interface, and with which role.",
        epilog="examples: neonat user add anna --role operate --db sqlite:///data/neonat.db\n"
        "          neonat user token anna --role view --name Grafana --db sqlite:///data/neonat.db"
        "\n\nA password is asked for, or comes from --password-file; the URL can come from\n"
        "NEONAT_DB.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, says: str, act: Callable[..., None], who: bool = True) -> Any:
        found = actions.add_parser(name, help=says, description=says[0].upper() + says[1:] + ".")
        if who:
            found.add_argument("user", metavar="NAME")
        found.add_argument("--db", metavar="URL", help="sqlite:///FILE or postgresql://…")
        found.set_defaults(run=run, act=act)
        return found

    made = action("add", "add a user", add_user)
    made.add_argument("--role", choices=ROLES, help="without one they see nothing")
    _password_file(made)
    action("list", "print all users", list_users, who=False)
    made = action("role", "change a user's role", change_role)
    made.add_argument("role", choices=(*ROLES, NONE))
    _password_file(action("password", "change a user's password", change_password))
    made = action("token", "make an API token and print it, this once", make_token)
    made.add_argument("--role", choices=ROLES, default=ROLES[0], help="default: view")
    made.add_argument("--name", default="token", help="what it is for")
    made.add_argument("--days", type=int, default=365, help="how long it is valid (default: 365)")
    action("remove", "take a user away", remove_user)


def _password_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--password-file", metavar="FILE|-", help="its first line is the password; - reads stdin"
    )


def run(args: argparse.Namespace) -> int:
    """Do one of them; CommandError when the database cannot be used."""
    from neonat.store import StoreError, open_store

    try:
        store = open_store(given(args.db, DB_VARIABLE, "--db"), create=False)
        try:
            args.act(store, args)
        finally:
            store.close()
    except StoreError as error:
        raise CommandError(str(error)) from error
    return 0


def add_user(store: Any, args: argparse.Namespace) -> None:
    """Add one."""
    import re

    from neonat.store import people

    if not re.fullmatch(r"[\w.@+-]{1,64}", args.user):
        raise UsageError("a name is 1 to 64 letters, digits and . _ @ + -")
    password = _hashed(args)
    try:
        _change(
            store,
            "add-user",
            lambda base, now: people.add(base, args.user, args.role, now, password),
            user=args.user,
            role=args.role,
        )
    except people.TakenError:
        raise CommandError(f"there is a user {args.user} already") from None


def list_users(store: Any, args: argparse.Namespace) -> None:
    """Print all."""
    from neonat.store import people
    from neonat.web.query import stamp

    rows = store.read(people.everybody)
    width = max((len(row["name"]) for row in rows), default=4)
    print(f"{'user':{width}}  {'role':10}  signed in")
    for row in rows:
        role = "disabled" if row["disabled"] else row["role"] or NONE
        print(f"{row['name']:{width}}  {role:10}  {stamp(row['signed_in_at']) or 'never'}")


def change_role(store: Any, args: argparse.Namespace) -> None:
    """Change one's role."""
    role = None if args.role == NONE else args.role
    _person(store, args, "change-user", {"role": role}, role=role)


def change_password(store: Any, args: argparse.Namespace) -> None:
    """Change one's password; sessions end."""
    _person(store, args, "change-user", {"password": _hashed(args)}, new_password=True)


def make_token(store: Any, args: argparse.Namespace) -> None:
    """Make a token of a user."""
    from neonat.store import people
    from neonat.web.access.keeper import hashed, least

    if not 1 <= args.days <= 3660:
        raise UsageError("--days is 1 to 3660")
    token = "nt_" + secrets.token_urlsafe(32)

    def work(base: Any, now: int) -> None:
        row = people.named(base, args.user)
        if row is None:
            raise _missing(args)
        if least(row["role"], args.role) != args.role:
            raise CommandError(f"{args.user} has the role {row['role'] or NONE}: at most that")
        until = now + args.days * DAY_MS
        people.add_token(base, hashed(token), args.name, row["id"], args.role, now, until)

    _change(store, "add-token", work, user=args.user, name=args.name, role=args.role)
    print(token)


def remove_user(store: Any, args: argparse.Namespace) -> None:
    """Take one away."""
    from neonat.store import people

    def work(base: Any, now: int) -> None:
        if not people.remove(base, args.user):
            raise _missing(args)

    _change(store, "remove-user", work, user=args.user)


def _person(
    store: Any, args: argparse.Namespace, action: str, changes: dict[str, Any], **noted: Any
) -> None:
    from neonat.store import people

    def work(base: Any, now: int) -> None:
        row = people.change(base, args.user, changes)
        if row is None:
            raise _missing(args)
        people.end_sessions(base, row["id"])

    _change(store, action, work, user=args.user, **noted)


def _change(store: Any, action: str, work: Callable[[Any, int], Any], **details: Any) -> None:
    """Do it and write it into the audit trail."""
    from neonat.store import trail
    from neonat.web.health import now_ms

    now = now_ms()
    entry = trail.Entry(now, getpass.getuser(), "command", action, None, "done", details)

    def both(base: Any) -> None:
        work(base, now)
        trail.add(base, entry)

    store.change(both)


def _missing(args: argparse.Namespace) -> CommandError:
    return CommandError(f"there is no user {args.user}: `neonat user list` shows all")


def _hashed(args: argparse.Namespace) -> str:
    from neonat.web.access import passwords

    password = _password(args)
    try:
        passwords.check(args.user, password)
    except passwords.WeakPasswordError as error:
        raise CommandError(str(error)) from error
    return passwords.hashed(password)


def _password(args: argparse.Namespace) -> str:
    if args.password_file == "-":  # noqa: S105
        return sys.stdin.readline().rstrip("\r\n")
    if args.password_file:
        try:
            with open(args.password_file, encoding="utf-8") as file:
                return file.readline().rstrip("\r\n")
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or "no UTF-8 text"
            raise CommandError(f"cannot read {args.password_file}: {reason}") from error
    try:
        password = getpass.getpass(f"Password of {args.user}: ")
        if getpass.getpass("Again: ") != password:
            raise CommandError("the two are not the same; nothing was changed")
    except EOFError:
        raise CommandError("no password was given: use --password-file") from None
    return password
