"""A few processes that belong together: started in order, kept alive, stopped in reverse."""

import ctypes
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

BACK_OFF_S = (0.2, 10.0)
# A child that lived this long has recovered from whatever killed the one before.
HEALTHY_S = 20.0
# Starts take a second; a machine that has much else to do needs more.
READY_S = 60.0
STOP_S = 4.0
POLL_S = 0.05

_PR_SET_PDEATHSIG = 1

_log = logging.getLogger(__name__)


class ChildError(Exception):
    """A child cannot be brought up: one line."""


@dataclass
class Child:
    """One process to keep alive.

    `ready` says whether it does its work yet; the next child is started only then. What
    `environment` holds is added to the parent's; secrets belong there, not into `argv`. One that
    is `together` ends at the same time as the child before it.
    """

    name: str
    argv: list[str]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    ready: Callable[[], bool] | None = None
    together: bool = False
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    started_at: float = 0.0
    again_at: float = 0.0
    back_off: float = BACK_OFF_S[0]

    @property
    def running(self) -> bool:
        """Whether its process is there."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start its process, in a group of its own: Ctrl-C reaches the parent alone."""
        self.process = subprocess.Popen(
            self.argv,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **self.environment},
            process_group=0,
            preexec_fn=_end_with_parent(os.getpid()),
        )
        self.started_at = time.monotonic()


class Supervisor:
    """Runs children until `stop` is set, then ends them in reverse order."""

    def __init__(self, children: list[Child], stop: threading.Event) -> None:
        self._children = children
        self._stop = stop

    def start(self) -> None:
        """Start each child and wait until it is ready.

        Raises ChildError, after ending all, when one ends before it is ready or takes too long.
        """
        try:
            for child in self._children:
                if self._stop.is_set():
                    return
                child.start()
                self._await(child)
        except BaseException:
            self.end()
            raise

    def run(self) -> None:
        """Start again what dies until the stop event is set; then end all."""
        try:
            while not self._stop.wait(POLL_S):
                for child in self._children:
                    self._look_after(child)
        finally:
            self.end()

    def end(self) -> None:
        """SIGTERM in reverse order, each once those before have gone; SIGKILL when time is up."""
        deadline = time.monotonic() + STOP_S
        groups = self._groups()
        while groups:
            share = (deadline - time.monotonic()) / len(groups)
            _end(groups.pop(), max(share, 0.1))

    def _groups(self) -> list[list[Child]]:
        """Children that end at the same time, in the order of their start."""
        groups: list[list[Child]] = []
        for child in self._children:
            if child.together and groups:
                groups[-1].append(child)
            else:
                groups.append([child])
        return groups

    def _await(self, child: Child) -> None:
        deadline = time.monotonic() + READY_S
        while child.ready is not None and not self._stop.is_set():
            if not child.running:
                raise ChildError(f"{child.name} could not be started: see the line above")
            if child.ready():
                return
            if time.monotonic() > deadline:
                raise ChildError(f"{child.name} did not become ready within {READY_S:.0f} s")
            self._stop.wait(POLL_S)

    def _look_after(self, child: Child) -> None:
        now = time.monotonic()
        if child.running:
            if now - child.started_at > HEALTHY_S:
                child.back_off = BACK_OFF_S[0]
            return
        if child.process is not None:
            _log.warning(
                "%s ended (%s), starting it again in %.1f s",
                child.name,
                _ending(child.process.returncode),
                child.back_off,
            )
            child.process = None
            child.again_at = now + child.back_off
            child.back_off = min(child.back_off * 2, BACK_OFF_S[1])
        elif now >= child.again_at:
            try:
                child.start()
            except OSError as error:
                _log.error("%s cannot be started: %s", child.name, error.strerror or error)
                child.again_at = now + BACK_OFF_S[1]


def _end(children: list[Child], wait: float) -> None:
    deadline = time.monotonic() + wait
    for child in children:
        if child.process is not None and child.running:
            child.process.terminate()
    for child in children:
        if child.process is None:
            continue
        try:
            child.process.wait(max(deadline - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            _log.warning("%s did not end in time and is killed", child.name)
            child.process.kill()
            child.process.wait()


def _ending(code: int) -> str:
    return f"exit {code}" if code >= 0 else signal.Signals(-code).name


_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _end_with_parent(parent: int) -> Callable[[], None] | None:
    """What a new process does first: ask for SIGTERM when its parent goes, however it goes."""
    libc = _libc
    if libc is None:
        return None

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return ask
