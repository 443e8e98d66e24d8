"""The store as the web sees it: may be missing, may fail, is opened again by itself."""

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from neonat.store import RefusedError, Store, StoreError, open_store
from neonat.web.problem import Problem

T = TypeVar("T")

RETRY_S = 0.5

_log = logging.getLogger(__name__)


class UnavailableError(Exception):
    """The store cannot answer now; the text is one line that says why."""


class Source:
    """One connection a thread to the database at `url`, opened when first needed.

    After any failure the thread's connection is given up and opened anew; where that fails, at
    most every `RETRY_S`.
    The database is never created from here: that is ingest's.
    """

    def __init__(self, url: str, opener: Callable[..., Store] = open_store) -> None:
        self._url = url
        self._opener = opener
        self._mine = threading.local()

    def ask(self, question: Callable[[Store], T]) -> T:
        """The answer of `question` to this thread's store.

        UnavailableError whatever goes wrong; RefusedError where the store says that it cannot be.
        """
        try:
            return question(self._store())
        except (UnavailableError, RefusedError, Problem):
            raise
        except StoreError as error:
            self.close()
            raise UnavailableError(str(error)) from error
        except Exception as error:
            reason = f"the store failed: {type(error).__name__}"
            _log.exception("the store failed")
            self.close()
            raise UnavailableError(reason) from error

    def close(self) -> None:
        """Close the connection of the calling thread, if it has one."""
        store, self._mine.store = getattr(self._mine, "store", None), None
        if store is not None:
            try:
                store.close()
            except Exception:
                _log.exception("closing the store failed")

    def _store(self) -> Store:
        store = getattr(self._mine, "store", None)
        if store is not None:
            return store
        if time.monotonic() < getattr(self._mine, "again_at", 0.0):
            raise UnavailableError(self._mine.reason)
        try:
            self._mine.store = self._opener(self._url, create=False)
        except Exception as error:
            self._mine.reason = str(error)
            self._mine.again_at = time.monotonic() + RETRY_S
            raise
        return self._mine.store
