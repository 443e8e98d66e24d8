"""Small JSON files beside the spool, each replaced as a whole: cut anywhere, the old or the new."""

import json
import os

NOTE = "/restart.json"
READ_MAX = 4096


def read(path: str) -> dict:
    """The object in a file; empty where there is none."""
    try:
        if os.stat(path)[6] > READ_MAX:
            return {}
        with open(path) as file:
            found = json.load(file)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def replace(path: str, value: dict) -> None:
    """The whole file anew; OSError."""
    with open(path + ".new", "w") as file:
        file.write(json.dumps(value))
        file.flush()
        if hasattr(os, "fsync"):
            os.fsync(file.fileno())
    os.rename(path + ".new", path)


def there(path: str) -> bool:
    """Whether there is such a file or directory."""
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def remove(path: str) -> None:
    """Remove a file, if it is there."""
    try:
        os.remove(path)
    except OSError:
        pass


def note(home: str, reason: str, detail: str = "", trace: str = "") -> None:
    """Say why this start ends, for the next; a failing flash is no reason to stay."""
    new = {"reason": reason, "detail": detail, "trace": trace}
    if read(home + NOTE) == new:
        # The same again and again must not wear the flash.
        return
    try:
        replace(home + NOTE, new)
    except OSError:
        pass
