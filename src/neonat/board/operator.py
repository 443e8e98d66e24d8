"""Commands to gateways on behalf of the page: each over a connection of its own."""

import json
import secrets
import time
from collections.abc import Callable
from typing import Any

from neonat.board.desk import REPLY_S, Desk, parsed
from neonat.board.problem import BoardError
from neonat.board.update import TRIAL_S, send
from neonat.gateway.bundle import BundleError
from neonat.ingest.broker_url import BrokerUrl
from neonat.update import facts
from neonat.web.options import OperatorError


class BrokerOperator:
    """What `neonat.web.options.Operator` promises, through a broker."""

    def __init__(
        self, broker: BrokerUrl, prefix: str, ca_file: str | None, patience_s: float = TRIAL_S
    ) -> None:
        self._broker = broker
        self._prefix = prefix
        self._ca_file = ca_file
        self._patience_s = patience_s

    def ask(self, gateway: str, command: dict[str, Any]) -> dict[str, Any] | None:
        """The reply, also one that says no; None when none came in time. OperatorError."""
        number = secrets.token_hex(4)
        try:
            with Desk(self._broker, self._prefix, self._ca_file) as desk:
                desk.listen(gateway, "reply")
                desk.post(gateway, json.dumps({"id": number, **command}).encode())
                until = time.monotonic() + REPLY_S
                while message := desk.next(until - time.monotonic()):
                    reply = parsed(message[2])
                    if message[1] == "reply" and reply is not None and reply.get("id") == number:
                        return reply
        except BoardError as error:
            raise OperatorError(str(error), "no-broker") from error
        return None

    def deliver(
        self, gateway: str, bundle: bytes, told: Callable[[str, float], None]
    ) -> tuple[str, str | None]:
        """Bring an update there and follow it to its end; OperatorError without a broker.

        `done`, or `refused` with the gateway's words, or `no_reply`.
        """

        def progress(state: str, at: float, size: float) -> None:
            told("trial" if state == "trial" else "sending", at / size if size else 0.0)

        try:
            with Desk(self._broker, self._prefix, self._ca_file) as desk:
                try:
                    send(desk, gateway, bundle, progress, self._patience_s)
                except BoardError as error:
                    refused = str(error).startswith(f"{gateway} says: ")
                    words = str(error).removeprefix(f"{gateway} says: ")
                    return "refused" if refused else "no_reply", words
        except BoardError as error:
            raise OperatorError(str(error), "no-broker") from error
        return "done", None

    def version(self, bundle: bytes) -> str:
        """The version of a bundle; OperatorError for what is none."""
        try:
            return str(facts(bundle)["version"])
        except (BundleError, KeyError, ValueError) as error:
            raise OperatorError(f"this is no bundle: {error}", "bad-request") from error
