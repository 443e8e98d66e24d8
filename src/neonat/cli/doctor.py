"""`neonat doctor`: checks a deployment and says what is wrong and what to do."""

import argparse


def add(subparsers: argparse._SubParsersAction) -> None:
    """Add the parser of `doctor`."""
    parser = subparsers.add_parser(
        "doctor",
        help="check a deployment: what is wrong, and what to do",
        description="Check a deployment that `neonat init` wrote: configuration, permissions,"
        " certificates, broker and its topic rules, database, ingest, gateways, disk, clock, page."
        " One line a check; exit 1 when something is wrong.",
        epilog="example: neonat doctor /etc/neonat",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("dir", nargs="?", default=".", metavar="DIR", help="default: here")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the checks."""
    from neonat.cli.output import writing_stdout
    from neonat.deploy.doctor import WRONG, findings

    wrong = 0
    with writing_stdout():
        for one in findings(args.dir):
            wrong += one.state == WRONG
            advice = f": {one.advice}" if one.advice else ""
            print(f"{one.state:<6} {one.what:<14} {one.text}{advice}", flush=True)
    return 1 if wrong else 0
