"""Real brokers for tests, on free ports of the loopback: the embedded one and Mosquitto."""

import os
import signal
import subprocess
from pathlib import Path
from shutil import which

import pytest

from neonat.broker import command, environment
from neonat.cli.serve import accepts
from waiting import free_port, wait_for

HOST = "127.0.0.1"
MOSQUITTO = which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin")

KINDS = [
    "embedded",
    pytest.param(
        "mosquitto",
        marks=pytest.mark.skipif(MOSQUITTO is None, reason="Mosquitto is not installed"),
    ),
]


class Broker:
    """A broker process on one port; can be killed and started again there."""

    def __init__(self, kind: str, folder: Path, users: dict[str, str] | None = None) -> None:
        self.port = free_port()
        self.url = f"mqtt://{HOST}:{self.port}"
        self._kind = kind
        self._users = users or {}
        self._config = folder / f"mosquitto-{self.port}.conf"
        self._config.write_text(
            f"listener {self.port} {HOST}\nallow_anonymous true\nlog_type none\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Broker":
        """Start it and wait until it accepts connections."""
        env = dict(os.environ)
        if self._kind == "embedded":
            argv = command()
            env.update(environment(HOST, self.port, self._users))
        else:
            argv = [str(MOSQUITTO), "-c", str(self._config)]
        self._process = subprocess.Popen(argv, env=env, stderr=subprocess.DEVNULL)
        wait_for(accepts(HOST, self.port), what=f"the {self._kind} broker")
        return self

    def kill(self) -> None:
        """SIGKILL: nothing that it held is left."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None
