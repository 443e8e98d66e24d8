"""`neonat audit`: what a database holds, what is missing, and why."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version

from neonat.cli.ingest import DB_VARIABLE, given
from neonat.cli.output import CommandError, UsageError, writing_stdout
from neonat.cli.span import add_span, span

GAPS_FROM_S = 60.0


def add(subparsers: argparse._SubParsersAction) -> None:
    """Add the parser of `audit`."""
    parser = subparsers.add_parser(
        "audit",
        help="what a database holds, what is missing, and why",
        description="For each gateway and boot the numbers expected, stored, in flight, dropped and"
        " unexplained; for each signal its coverage in percent and its gaps with their reasons."
        " Exit 1 when something is unexplained.",
        epilog="example: neonat audit --db sqlite:///ward.db --from 2026-11-01 --to 2026-12-01"
        " > audit.txt",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--db", metavar="URL", help="sqlite:///FILE or postgresql://… (or set NEONAT_DB)"
    )
    add_span(parser)
    parser.add_argument(
        "--format", default="text", choices=("text", "json"), help="text unless said"
    )
    parser.add_argument(
        "--gaps-from",
        type=float,
        default=GAPS_FROM_S,
        metavar="SECONDS",
        help=f"list gaps of so many seconds and more (default {GAPS_FROM_S:.0f}); all are counted",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the audit; CommandError when something is unexplained or cannot be read."""
    from neonat.audit.report import Head
    from neonat.progress import progress
    from neonat.store import StoreError, open_store, schema_of

    url = given(args.db, DB_VARIABLE, "--db")
    start, end = span(args)
    if not 0 <= args.gaps_from < 1e9:
        raise UsageError("--gaps-from is a number of seconds")
    least = max(1, round(args.gaps_from * 1000))
    try:
        schema = schema_of(url)
        store = open_store(url, create=False)
        try:
            devices = {row["gateway"]: _device(row) for row in store.gateways()}
            check_gateway(args.gateway, list(devices))
            now = time.time_ns() // 1_000_000
            head = Head(version("neonat"), schema.where, schema.version, now, start, end, least)
            with progress("audit", "records") as tick, writing_stdout():
                found = _accounts(store, args.gateway, head, tick)
                return _print(args.format, head, found, devices)
        finally:
            store.close()
    except StoreError as error:
        raise CommandError(str(error)) from error
    except KeyboardInterrupt:
        raise CommandError("stopped before the end: the audit is not complete") from None


def check_gateway(gateway: str | None, known: list[str]) -> None:
    """CommandError for a gateway that is not in the database."""
    if gateway is not None and gateway not in known:
        some = ", ".join(known[:5]) or "none"
        raise CommandError(f"no gateway {gateway} in this database; there are: {some}")


def _device(row: dict) -> str:
    if row["device_id"] is None:
        return "unknown device"
    return f"{row['device_name'] or 'device'} ({row['device_id']})"


def _accounts(store, gateway: str | None, head, tick: Callable[[int], object]) -> Iterator:
    from neonat.audit.account import account

    with store.evidence() as evidence:
        for name in evidence.names() if gateway is None else [gateway]:
            found = account(evidence, name, head.start, head.end, head.least, tick)
            if found is not None:
                yield found


def _print(form: str, head, accounts: Iterator, devices: dict[str, str]) -> int:
    from neonat.audit import report

    count = numbers = lasting = unheard = 0
    complete = True
    if form == "json":
        sys.stdout.write(report.head_json(head))
    else:
        _lines(report.head_lines(head))
    for one in accounts:
        if form == "json":
            sys.stdout.write(("," if count else "") + report.as_json(one, devices[one.gateway]))
        else:
            _lines(report.account_lines(one, devices[one.gateway]))
        sys.stdout.flush()
        count += 1
        numbers += one.unexplained
        lasting = max(lasting, one.unexplained_ms)
        unheard += sum(boots.reason == "unexplained" for boots in one.unheard)
        complete = complete and one.complete
    said = report.result(count, numbers, lasting, unheard)
    if form == "json":
        sys.stdout.write(report.tail_json(complete) + "\n")
    else:
        _lines(["", said, "", *report.rule_lines()])
    if not complete:
        print(f"neonat audit: {said}", file=sys.stderr)
    return 0 if complete else 1


def _lines(lines) -> None:
    for line in lines:
        print(line)
