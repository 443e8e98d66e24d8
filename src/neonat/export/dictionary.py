"""The data dictionary: every code that the catalog knows, with source and certainty."""

from collections.abc import Iterator
from typing import Any

from medibus.catalog import COLUMNS, DEVICES, lookup


def dictionary(device: str | None = None) -> Iterator[dict[str, Any]]:
    """The rows of all device models, or of one id; a device that is not known has no id."""
    for ident in ("", *DEVICES) if device is None else (device,):
        model = lookup(ident or None)
        for row in model.ROWS:
            named = dict(zip(COLUMNS, row, strict=True))
            yield {
                "device_id": ident or None,
                "device_name": DEVICES.get(ident, model.NAME),
                "kind": named.pop("kind"),
                "codepage": named.pop("codepage"),
                "code": named.pop("code"),
                **named,
            }
