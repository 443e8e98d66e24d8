"""Where a broker is: `mqtt://[user:password@]host[:1883]`, `mqtts://…[:8883]`."""

import os
import ssl
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

PASSWORD_VARIABLE = "NEONAT_BROKER_PASSWORD"  # noqa: S105
_PORTS = {"mqtt": 1883, "mqtts": 8883}


class BrokerUrlError(ValueError):
    """A broker's URL cannot be used: one line that says why, without the password."""


@dataclass(frozen=True)
class BrokerUrl:
    """A broker's address and what is needed to log in; its text never shows the password.

    `certificate` and `key` are files (PEM) of a client that logs in by a certificate.
    """

    host: str
    port: int
    tls: bool = False
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    certificate: str | None = None
    key: str | None = None

    def __str__(self) -> str:
        user = quote(self.user, safe="") + "@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"mqtt{'s' if self.tls else ''}://{user}{host}:{self.port}"

    def secret_url(self) -> str:
        """The whole URL with the password: for a child's environment, never for a log."""
        if self.password is None:
            return str(self)
        return str(self).replace("@", ":" + quote(self.password, safe="") + "@", 1)


def broker_url(
    text: str,
    password_file: str | None = None,
    certificate: str | None = None,
    key: str | None = None,
) -> BrokerUrl:
    """The broker that `text` names.

    `certificate` and `key` are files and go together, with `mqtts` only. The password comes
    from the file, else from the URL, else from NEONAT_BROKER_PASSWORD. Raises BrokerUrlError.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise BrokerUrlError(
            "the broker's URL has no valid host and port: mqtt://HOST:1883"
        ) from None
    if parts.scheme not in _PORTS or not parts.hostname or set(parts.hostname) & set(" \t\\"):
        raise BrokerUrlError(
            "a broker's URL is mqtt://[USER:PASSWORD@]HOST[:1883] or mqtts://…[:8883]"
        )
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise BrokerUrlError(
            "nothing may follow the port of a broker's URL"
            " (write / ? # in a password as %2F %3F %23)"
        )
    if port == 0:
        raise BrokerUrlError("a broker's port is 1 to 65535")
    user = unquote(parts.username) if parts.username else None
    _check_certificate(parts.scheme, certificate, key)
    return BrokerUrl(
        parts.hostname,
        port or _PORTS[parts.scheme],
        parts.scheme == "mqtts",
        user,
        _password(user, parts.password, password_file),
        certificate,
        key,
    )


def _check_certificate(scheme: str, certificate: str | None, key: str | None) -> None:
    if certificate is None and key is None:
        return
    if certificate is None or key is None:
        raise BrokerUrlError("a certificate and its key go together: --broker-cert, --broker-key")
    if scheme != "mqtts":
        raise BrokerUrlError("a certificate needs TLS: mqtts://HOST")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key)
    except ssl.SSLError:
        raise BrokerUrlError(
            f"{certificate} and {key} are no certificate and its key (PEM, without a password)"
        ) from None
    except OSError as error:
        raise BrokerUrlError(f"cannot read {certificate} and {key}: {error.strerror}") from None


def _password(user: str | None, in_url: str | None, path: str | None) -> str | None:
    if path is not None:
        if user is None:
            raise BrokerUrlError("a password file needs a user in the URL: mqtt://USER@HOST")
        try:
            with open(path, encoding="utf-8") as file:
                return file.readline().rstrip("\r\n")
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or "no UTF-8 text"
            raise BrokerUrlError(
                f"cannot read the broker's password from {path}: {reason}"
            ) from None
    if in_url is not None:
        return unquote(in_url)
    return os.environ.get(PASSWORD_VARIABLE) if user is not None else None
