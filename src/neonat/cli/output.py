"""What every command shares: how it fails, how it is stopped."""

import signal
import threading


class CommandError(Exception):
    """A command cannot do what was asked: one line that says why and what to do (exit 1)."""


class UsageError(Exception):
    """The words of a command do not fit together: one line (exit 2)."""


def stop_event() -> threading.Event:
    """An event that SIGINT and SIGTERM set; to be called from the main thread."""
    event = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: event.set())
    return event
