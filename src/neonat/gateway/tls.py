"""TLS around a socket under MicroPython; certificates and keys are PEM files."""

import binascii
import ssl
import sys


def der(path: str, kind: str) -> "list[bytes]":
    """What a PEM file holds of a kind, `CERTIFICATE` or `KEY`, as DER; OSError."""
    with open(path) as file:
        parts = file.read().split("-----")
    found = []
    for at in range(len(parts) - 1):
        if parts[at].startswith("BEGIN ") and parts[at].endswith(kind):
            try:
                found.append(binascii.a2b_base64(parts[at + 1]))
            except ValueError:
                pass
    if not found:
        raise OSError("%s holds no %s in PEM" % (path, kind.lower()))
    return found


def wrap(plain, host: str, tls: dict):
    """The socket with TLS; `tls` as in the configuration. OSError, ValueError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_REQUIRED
    for each in der(tls["ca"], "CERTIFICATE"):
        context.load_verify_locations(cadata=each)
    if tls.get("cert"):
        key = der(tls["key"], "KEY")[0]
        # Each is put behind the one before: so the whole chain is sent.
        for each in der(tls["cert"], "CERTIFICATE"):
            context.load_cert_chain(each, key)
    # It is Python around MicroPython's `tls`, and not needed any more.
    sys.modules["ssl"] = None  # type: ignore[assignment]
    del sys.modules["ssl"]
    return context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
