"""`neonat init`: writes a deployment, or adds to one."""

import argparse
import os
import re
from pathlib import Path

from neonat.cli.ingest import DB_VARIABLE
from neonat.cli.output import CommandError, UsageError


def add(subparsers: argparse._SubParsersAction) -> None:
    """Add the parser of `init`."""
    parser = subparsers.add_parser(
        "init",
        help="write a deployment: broker with TLS, certificates, passwords, systemd, compose",
        description="Write a deployment into a new folder: a certificate authority and"
        " certificates, Mosquitto's configuration with a password and topic rules for each"
        " gateway, systemd units, a compose file, alert rules. Nothing is overwritten.",
        epilog="examples:\n  neonat init /etc/neonat --host ward.example --gateway bed-1"
        " --gateway bed-2\n  neonat init /etc/neonat --add bed-3\n  neonat init /etc/neonat --renew"
        "\n\nA database other than the folder's own SQLite file: --db or NEONAT_DB.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("dir", metavar="DIR", help="the folder")
    parser.add_argument(
        "--host",
        action="append",
        default=[],
        metavar="NAME",
        help="by which gateways reach the broker, a name or an address; several times"
        " (default: this machine's name)",
    )
    parser.add_argument(
        "--gateway", action="append", default=[], metavar="ID", help="several times"
    )
    parser.add_argument("--db", metavar="URL", help="sqlite:///FILE or postgresql://…")
    parser.add_argument(
        "--http", default="127.0.0.1:8080", metavar="HOST:PORT", help="default: 127.0.0.1:8080"
    )
    parser.add_argument("--topic-prefix", default="neonat/1", metavar="TOPIC")
    parser.add_argument(
        "--port", type=int, default=8883, metavar="N", help="for gateways; N + 1 is for the server"
    )
    parser.add_argument(
        "--user", default="neonat", metavar="NAME", help="under which it runs (default: neonat)"
    )
    parser.add_argument(
        "--add", action="append", default=[], metavar="ID", help="let another gateway in"
    )
    parser.add_argument("--renew", action="store_true", help="new certificates, the same authority")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write, add or renew; CommandError when it cannot be done."""
    from neonat.deploy import deployment
    from neonat.deploy.problem import DeployError

    try:
        if args.add or args.renew:
            if args.gateway or args.host:
                raise UsageError("--add and --renew change a deployment: leave --host, --gateway")
            if args.add:
                deployment.add(args.dir, args.add)
                _tell([f"{args.dir}/gateways/{name}.env" for name in args.add])
            if args.renew:
                deployment.renew(args.dir)
                print(f"new certificates in {args.dir}/tls: restart broker and ingest")
            return 0
        facts, url = _facts(args)
        deployment.write(facts, url)
    except DeployError as error:
        raise CommandError(str(error)) from error
    print(f"written: {facts.dir}; README.txt there says what is what")
    _tell([f"{facts.dir}/gateways/{name}.env" for name in facts.gateways])
    print(f"next:    neonat doctor {facts.dir}")
    return 0


def _tell(paths: list[str]) -> None:
    for path in paths:
        print(f"gateway: {path}")


def _facts(args: argparse.Namespace):
    from neonat.cli.http import address
    from neonat.deploy.deployment import Facts, default_host
    from neonat.web.address import is_loopback

    host, _ = address(args.http, "--http")
    if not is_loopback(host):
        raise CommandError(
            f"--http {args.http} is reached by others: name a loopback address, and put a proxy"
            " with TLS before it"
        )
    if not 1 <= args.port < 65535:
        raise UsageError("--port is 1 to 65534")
    prefix = args.topic_prefix
    if not re.fullmatch(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*", prefix):
        raise UsageError("--topic-prefix is words of A-Z a-z 0-9 _ . - with / between: neonat/1")
    url = args.db or os.environ.get(DB_VARIABLE)
    facts = Facts(
        dir=str(Path(args.dir).absolute()),
        hosts=tuple(args.host or [default_host()]),
        gateways=tuple(args.gateway),
        prefix=prefix,
        db=None if url is None else shown(url),
        http=args.http,
        gateway_port=args.port,
        server_port=args.port + 1,
        user=args.user,
    )
    return facts, url


def shown(url: str) -> str:
    """The URL of a database without its password; CommandError when it is none."""
    from neonat.store import StoreError

    if url.startswith("sqlite:////"):
        return url
    if url.startswith("sqlite:"):
        raise CommandError("--db: name the file from the root, sqlite:////var/lib/neonat/neonat.db")
    try:
        from neonat.store.postgresql import where_of

        return where_of(url)
    except StoreError as error:
        raise CommandError(str(error)) from error
