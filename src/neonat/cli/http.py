"""The options of the page's server: where it listens, over TLS or not, and who may see it."""

import argparse
import ssl
import tomllib
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from neonat.cli.output import CommandError, UsageError

if TYPE_CHECKING:
    from neonat.web.options import OidcSettings, Operator, Options, SignIn

HTTP_DEFAULT = "127.0.0.1:8080"


def add_http_options(
    parser: argparse.ArgumentParser,
    default: str | None = HTTP_DEFAULT,
    says: str = f"where the page is (default: {HTTP_DEFAULT})",
) -> None:
    """Add where the page is, and who may see it."""
    parser.add_argument("--http", default=default, metavar="HOST:PORT", help=says)
    parser.add_argument("--http-cert", metavar="FILE", help="its certificate (PEM), for https://")
    parser.add_argument("--http-key", metavar="FILE", help="the certificate's key (PEM)")
    parser.add_argument(
        "--http-plain",
        action="store_true",
        help="let people sign in over plain HTTP: passwords pass the network as they are",
    )
    parser.add_argument(
        "--http-open",
        action="store_true",
        help="let everybody who reaches that address see and change all, without sign-in",
    )
    parser.add_argument(
        "--public-url",
        metavar="URL",
        help="what people type where a proxy on this machine stands before it: https://ward.example",
    )
    parser.add_argument(
        "--oidc", metavar="FILE", help="an OpenID Connect provider (TOML; docs/operations.md)"
    )


def words_of(args: argparse.Namespace) -> list[str]:
    """The same options as words for another process; none of them is secret."""
    words = ["--http", args.http]
    for name in ("http_cert", "http_key", "public_url", "oidc"):
        if getattr(args, name):
            words += ["--" + name.replace("_", "-"), getattr(args, name)]
    words += ["--http-plain"] if args.http_plain else []
    return words + (["--http-open"] if args.http_open else [])


def http_address(args: argparse.Namespace) -> tuple[str, int]:
    """Where the page listens; CommandError for what would send passwords about."""
    from neonat.web.address import is_loopback

    host, port = address(args.http, "--http")
    if bool(args.http_cert) != bool(args.http_key):
        raise UsageError("--http-cert and --http-key belong together")
    if not (is_loopback(host) or args.http_cert or args.http_open or args.http_plain):
        raise CommandError(
            f"--http {args.http} is reached by others, and people sign in: give --http-cert and"
            " --http-key for https, or put a proxy with https before a loopback address and name"
            " it with --public-url; or --http-plain (no https), or --http-open (no sign-in)"
        )
    if args.http_cert:
        check_certificate(args.http_cert, args.http_key)
    if args.public_url and not is_web(args.public_url):
        raise UsageError("--public-url is https://HOST[:PORT], without a path")
    if args.oidc:
        oidc_of(args.oidc)
        if not (args.public_url or is_loopback(host)):
            raise UsageError("--oidc needs --public-url: the provider sends people back there")
    return host, port


def options_of(args: argparse.Namespace, db: str, operator: "Operator | None") -> "Options":
    """How the server is to be."""
    from neonat.web.address import is_loopback
    from neonat.web.options import Options

    local = is_loopback(address(args.http, "--http")[0])
    sign_in: SignIn = "never" if args.http_open else "always"
    if local and not (args.public_url or args.oidc or args.http_open):
        sign_in = "users"
    return Options(
        db,
        local=local,
        sign_in=sign_in,
        secure=bool(args.http_cert) or str(args.public_url).startswith("https://"),
        public_url=args.public_url,
        oidc=oidc_of(args.oidc) if args.oidc else None,
        operator=operator,
    )


def is_web(url: str) -> bool:
    """Whether it is the address of a site and nothing more."""
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    bare = parts.path in ("", "/") and not parts.query and not parts.fragment
    return parts.scheme in ("http", "https") and named and bare


def check_certificate(file: str, key: str) -> None:
    """CommandError for a certificate that cannot be used."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(file, key)
    except ssl.SSLError as error:
        raise CommandError(
            f"{file} and {key} are no certificate and its key: {error.reason or error}"
        ) from error
    except OSError as error:
        raise CommandError(f"cannot read {file} and {key}: {error.strerror or error}") from error


def oidc_of(path: str) -> "OidcSettings":
    """The provider that a file describes; CommandError."""
    from neonat.web.access.keeper import ROLES
    from neonat.web.options import OidcSettings

    try:
        with open(path, "rb") as file:
            found: dict[str, Any] = tomllib.load(file)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CommandError(f"cannot read the provider in {path}: {reason}") from error
    texts = ("issuer", "client_id", "client_secret", "title", "scope", "name_claim", "role_claim")
    roles = found.get("roles", {})
    unknown = set(found) - {*texts, "roles"}
    if unknown:
        raise CommandError(f"{path}: {', '.join(sorted(unknown))} is not known there")
    wrong = [key for key in texts if not isinstance(found.get(key, ""), str)]
    wrong += [key for key in texts[:3] if not found.get(key)]
    if wrong:
        raise CommandError(f"{path}: {wrong[0]} has to be there, as a text")
    if not isinstance(roles, dict) or not set(roles) <= set(ROLES):
        raise CommandError(f"{path}: [roles] names what gives each of {', '.join(ROLES)}")
    return OidcSettings(**{key: found[key] for key in found})


def address(text: str, option: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT` or `[IPv6]:PORT`; UsageError for anything else."""
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        host = ""
    if not (host and colon and port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
        raise UsageError(f"{option} is HOST:PORT, such as 127.0.0.1:8080, not {text!r}")
    return host, int(port)
