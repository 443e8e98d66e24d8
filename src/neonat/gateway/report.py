"""The gateway's `state`: what it says, and when it says it again."""

import json

CHANGE_MS = 1000
ALWAYS_MS = 55000


class Report:
    """`facts()` gives the state as a dict with exactly the keys of the contract."""

    def __init__(self, facts):
        self._facts = facts
        self._seen = ""
        self._at = self._looked = 0
        self._connects = 0

    def due(self, now: int, connects: int) -> "bytes | None":
        """The state's JSON when it is to be sent now; `connects` counts the logins."""
        new = connects != self._connects
        if not new and now - self._looked < CHANGE_MS:
            return None
        self._looked = now
        facts = self._facts()
        seen = repr([facts[key] for key in ("clock", "link", "line", "device", "errors")])
        waiting = facts["spool"]["records"] > 200
        if not new and seen == self._seen and now - self._at < (10000 if waiting else ALWAYS_MS):
            return None
        self._seen = seen
        self._at = now
        self._connects = connects
        return json.dumps(facts).encode()
