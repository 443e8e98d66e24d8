"""Logging of the long-running commands: one short line an event, to stderr."""

import logging
import sys
import time


def to_stderr(verbose: bool = False) -> None:
    """Log to stderr with UTC times; other packages only from warnings on."""
    handler = logging.StreamHandler(sys.stderr)
    formatter = logging.Formatter(
        "%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S"
    )
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("neonat").setLevel(logging.DEBUG if verbose else logging.INFO)
