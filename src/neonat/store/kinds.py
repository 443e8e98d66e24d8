"""The kinds of data that can be kept for a time, and which times fit together."""

from collections.abc import Mapping

from neonat.store.records import StoreError

KINDS = ("frames", "rollups", "alarms", "settings", "texts", "refusals", "trail")

_FOR_EVER = 1 << 62


def checked(keep: Mapping[str, int]) -> Mapping[str, int]:
    """Ages in ms by kind; StoreError for what cannot be kept so."""
    for kind in keep:
        if kind not in KINDS:
            raise StoreError(f"{kind!r} is nothing that is kept: one of {', '.join(KINDS)}")
    if keep.get("rollups", _FOR_EVER) < keep.get("frames", _FOR_EVER):
        raise StoreError("rollups must be kept at least as long as frames: they are made of them")
    return keep
