"""A Mosquitto with TLS and a password for each gateway; tests and the server use another port."""

import subprocess
from pathlib import Path

from gateway.bench_server import Broker
from waiting import free_port

CERTIFICATE = (
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    " -keyout key.pem -out cert.pem -subj /CN=localhost"
    " -addext subjectAltName=IP:127.0.0.1,DNS:localhost"
)


class SecureBroker(Broker):
    """`secure_port` speaks TLS and knows the users of `users`; `port` is open to this machine."""

    def __init__(self, folder: Path) -> None:
        self.secure_port = free_port()
        self.url = f"mqtts://localhost:{self.secure_port}"
        self.certificate = folder / "cert.pem"
        self._folder = folder
        subprocess.run(CERTIFICATE.split(), check=True, capture_output=True, cwd=folder)
        self.users = folder / "users"
        self.users.touch()
        super().__init__(folder)

    def start(self) -> None:
        """Start it with the users that are known by now."""
        folder = self._folder
        self._file.write_text(
            f"per_listener_settings true\nuser root\n"
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\n"
            f"listener {self.secure_port} 127.0.0.1\npassword_file {self.users}\n"
            f"certfile {folder}/cert.pem\nkeyfile {folder}/key.pem\n"
        )
        super().start()

    def know(self, users: Path) -> None:
        """Let the users in that `provision` has written, from the next start on."""
        self.users.write_bytes(users.read_bytes())
        subprocess.run(["mosquitto_passwd", "-U", str(self.users)], check=True)
        self.users.chmod(0o600)
