"""What `main.py` calls: this one decides which program starts, and catches whatever ends it.

It is the program that was flashed, which no update replaces; what it starts may be another version.
So the names that it uses of other modules are the same in every version: `deploy` renames none.
"""

import sys
import time

AGAIN_S = 2


def main() -> None:
    """Run until a restart is asked for; whatever comes, the board starts again."""
    try:
        _run()
    except Exception as error:
        pause = AGAIN_S
        try:
            pause = _failed(error)
        except Exception as another:
            # Even where nothing can be kept it starts again.
            sys.print_exception(another)  # type: ignore[attr-defined]
        time.sleep(pause)
        _reset()


def _run() -> None:
    from neonat.gateway import starting

    begun = starting.choose()
    # From here on it is the modules of the program that was chosen.
    from neonat.gateway import starting

    board, config = starting.prepared(begun)
    del starting
    # Not the function by its name: `linking` would take it from where this version has it.
    from neonat.gateway import program

    if program.run(config, board, print, begun["reason"], begun) != "stop":
        board.restart()


def _failed(error: Exception) -> int:
    """Keep why, for the next start; how many seconds to wait until that."""
    import gc

    sys.print_exception(error)  # type: ignore[attr-defined]
    gc.collect()
    from neonat.gateway import starting

    return starting.crashed(error) or AGAIN_S


def _reset() -> None:
    try:
        from machine import reset  # type: ignore[import-not-found]
    except ImportError:
        sys.exit(3)
    reset()
