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


def failed(error):
    """Keep why, for the next start; how many seconds to wait until that."""
    import gc

    sys.print_exception(error)
    gc.collect()
    from neonat.gateway import starting

    return starting.crashed(error) or 2


try:
    main()
except Exception as error:
    pause = 2
    try:
        pause = failed(error)
    except Exception as another:
        # Even where nothing can be kept it starts again.
        sys.print_exception(another)
    time.sleep(pause)
    try:
        from machine import reset
    except ImportError:
        sys.exit(3)
    reset()
