"""The gateway under the Unix port of MicroPython: its configuration is the first line of stdin.

Ends with 0 when told to stop, 3 when told to restart, 1 with the reason on stderr when it cannot
be run like this, 4 after a failure that another start may cure.
"""

import gc
import json
import sys

gc.threshold(8192)  # type: ignore[attr-defined]

from neonat.gateway.board_unix import Board  # noqa: E402
from neonat.gateway.program import run  # noqa: E402


def log(text: str) -> None:
    """One line of the log."""
    print(text, file=sys.stderr)  # noqa: T201


def configuration(board: Board) -> dict:
    """The checked configuration; the program drops what checked it from the heap."""
    from neonat.gateway.config import checked

    return checked(json.loads(sys.stdin.readline()), board)


def main() -> int:
    """Run until the end; the exit code."""
    board = Board()
    config: dict = {}
    try:
        config = configuration(board)
        board.beat_on(config.get("watchdog"))
        gc.collect()
        end = run(config, board, log, config.get("reason", "start"))
    except KeyboardInterrupt:
        return 0
    except (ValueError, OSError) as error:
        log("neonat gateway: " + str(error))
        return 1
    except Exception as error:
        sys.print_exception(error, sys.stderr)  # type: ignore[attr-defined]
        if config:
            from neonat.gateway.starting import crashed

            crashed(error, config["spool"])
        return 4
    if end.startswith("refused"):
        log("neonat gateway: " + end[9:])
        return 1
    return 3 if end == "restart" else 0
