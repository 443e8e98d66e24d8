"""What every command shares: how it fails, how it is stopped."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator


class CommandError(Exception):
    """A command cannot do what was asked: one line that says why and what to do (exit 1)."""


class UsageError(Exception):
    """The words of a command do not fit together: one line (exit 2)."""


@contextlib.contextmanager
def writing_stdout() -> Iterator[None]:
    """CommandError for standard output that takes no more; a closed pipe stays BrokenPipeError."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        # What is still in the buffer could not be written at the end of the process either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise CommandError(f"cannot write the output: {os.strerror(error.errno or 5)}") from error


def stop_event() -> threading.Event:
    """An event that the signals to stop set; to be called from the main thread."""
    event = threading.Event()
    on_stop(event.set)
    return event


def on_stop(stop: Callable[[], object]) -> None:
    """Call `stop` at Ctrl-C, at SIGTERM and, but under `nohup`, when the terminal goes."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda *_: stop())
