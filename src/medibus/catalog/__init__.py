"""One table of codes for each device model: data, not logic.

A model's module has `ID`, `NAME` and `ROWS`, each row
`(kind, codepage, code, name, unit, low, high, source, certainty)`:

- `kind` is `reading` (its limits share the row), `setting`, `alarm` or `text`;
- `unit` is UCUM, None where it is not known or there is none;
- `low` and `high` bound what is plausible. They are engineering estimates of this project, from
  no paper of the maker: for drawing an axis or asking a question, never to drop a value;
- `source` is `recording` (of a real TN500) or `tables` (public transcriptions of the maker's);
- `certainty`: R seen in the recording, S in the original project's programs, 2 two independent
  public sources agree, 1 one source, G a guess.

All facts are those of medibus.md.
"""

COLUMNS = ("kind", "codepage", "code", "name", "unit", "low", "high", "source", "certainty")

# Ids that devices are known to answer with, whether they have a table here or not.
DEVICES = {
    "5000": "Evita V500",
    "5001": "Babylog VN500",
    "5004": "V600",
    "5005": "VN600",
    "5006": "V800",
    "5007": "VN800",
    "5700": "Babyleo TN500",
    "5701": "Isolette 8000 plus",
    "5702": "Babyroo TN300",
    "6300": "BiliLux",
}


def lookup(device_id: "str | None" = None):
    """The module of a model.

    A device that did not say who it is, or an id that nobody knows, gets the default table; a
    known device of another kind, such as a ventilator, one that names nothing: there the same
    code can mean another thing.
    """
    if device_id == "5700":
        from . import babyleo_tn500 as model
    elif device_id == "5701":
        from . import isolette_8000_plus as model  # type: ignore[no-redef]
    elif device_id == "5702":
        from . import babyroo_tn300 as model  # type: ignore[no-redef]
    elif device_id == "6300":
        from . import bililux as model  # type: ignore[no-redef]
    elif device_id in DEVICES:
        from . import unnamed as model  # type: ignore[no-redef]
    else:
        from . import default as model  # type: ignore[no-redef]
    return model


def device_id(text: str) -> "str | None":
    """The id that an id or a name stands for, None when it stands for none or for several."""
    if text in DEVICES:
        return text
    wanted = text.lower().replace(" ", "").replace("-", "")
    found = []
    for known, name in DEVICES.items():
        plain = name.lower().replace(" ", "")
        if plain == wanted:
            return known
        if wanted and wanted in plain:
            found.append(known)
    return found[0] if len(found) == 1 else None
