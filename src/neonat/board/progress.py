"""Progress of what takes long, on stderr: a bar on a terminal, otherwise a line a step."""

import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any

from neonat.board.problem import MISSING, BoardError


class Bar:
    """Bars one after another, a new one for each name; leave the `with` to end the last."""

    def __init__(self) -> None:
        try:
            from tqdm import tqdm
        except ImportError as error:
            raise BoardError(MISSING.format("tqdm")) from error
        self._make = tqdm
        self._bar: Any = None
        self._name = ""

    def __enter__(self) -> "Bar":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def end(self) -> None:
        """End the bar that is there."""
        if self._bar is not None:
            self._bar.close()
        self._bar = None

    def at(self, name: str, done: float, total: float = 100.0, unit: str = "%") -> None:
        """`done` of `total` of the step `name`."""
        if name != self._name or self._bar is None:
            self.end()
            self._name = name
            if not sys.stderr.isatty():
                sys.stderr.write(name + "\n")
            self._bar = self._make(
                total=total, desc=name, unit=unit, disable=None, file=sys.stderr, leave=True,
                bar_format="{desc:<8} {bar:30} {percentage:3.0f}% {elapsed}",
            )  # fmt: skip
        self._bar.update(max(0.0, done - self._bar.n))

    def counting(self, name: str, total: int) -> Callable[[str], None]:
        """What to call at the end of each of `total` parts of the step `name`."""
        done = [0]

        def one(_: str) -> None:
            done[0] = min(total, done[0] + 1)
            self.at(name, done[0], total)

        return one
