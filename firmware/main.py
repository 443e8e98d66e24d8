"""The gateway on a board: `slots.json` says which program starts, `config.json` how."""

import sys
import time


def choose():
    """Which program and which configuration to start."""
    from neonat.gateway import starting

    return starting.choose()


def main():
    """Run until a restart is asked for."""
    begun = choose()
    from neonat.gateway import starting

    board, config = starting.prepared(begun)
    del starting
    from neonat.gateway.program import run

    if run(config, board, print, begun["reason"], begun) != "stop":
        board.restart()


try:
    main()
except Exception as error:
    sys.print_exception(error)
    from neonat.gateway import starting

    time.sleep(starting.crashed(error) or 2)
    try:
        from machine import reset
    except ImportError:
        sys.exit(3)
    reset()
