"""How far long work is, on stderr: a bar on a terminal, nothing otherwise."""

import contextlib
import sys
from collections.abc import Callable, Iterator

from tqdm import tqdm


@contextlib.contextmanager
def progress(what: str, unit: str, total: int | None = None) -> Iterator[Callable[[int], object]]:
    """What is told how many more `unit` are done; `total` where it is known."""
    with tqdm(
        total=total,
        desc=what,
        unit=f" {unit}",
        unit_scale=True,
        file=sys.stderr,
        disable=None if sys.stderr is not None else True,
        leave=False,
        mininterval=0.5,
    ) as bar:
        yield bar.update
