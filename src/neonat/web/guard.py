"""What every response carries and what no request passes: security headers, Host check."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from neonat.web.address import host_of, is_loopback
from neonat.web.language import language_of
from neonat.web.options import Options
from neonat.web.problem import Problem, problem_response

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ]
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

STRICT_TRANSPORT = {"Strict-Transport-Security": "max-age=31536000"}

# Bytes of a request's body: of most, and of an update for gateways (base64 in JSON).
BODY_MAX = 64 * 1024
ACTION_MAX = 8 << 20


class Guard:
    """Wraps the application; where it is `local`, names that are not this machine's are refused.

    The Host check is what stops a foreign web page whose name was made to point at the loopback
    (DNS rebinding): its browser sends that page's name.
    """

    def __init__(self, app: ASGIApp, options: Options) -> None:
        self._app = app
        self._local = options.local
        self._headers = {**HEADERS, **(STRICT_TRANSPORT if options.secure else {})}
        self._names = set()
        if options.public_url is not None:
            self._names.add(host_of(urlsplit(options.public_url).netloc).lower())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def armoured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                if "cache-control" not in headers:
                    headers["Cache-Control"] = "no-store"
            await send(message)

        limit = ACTION_MAX if scope["path"].endswith("/actions") else BODY_MAX
        given = Headers(scope=scope)
        refusal = self._refusal(given, scope["path"], limit)
        if refusal:
            language = language_of(given.get("accept-language"))
            line = refusal.line(language)
            answer = problem_response(refusal.status, line, kind=refusal.kind, language=language)
            await answer(scope, receive, armoured)
            return
        if scope["method"] == "HEAD":
            # The server leaves the body away.
            scope = {**scope, "method": "GET", "neonat.head": True}
        await self._app(scope, _bounded(receive, limit), armoured)

    def _refusal(self, headers: Headers, path: str, limit: int) -> Problem | None:
        host = headers.get("host")
        if self._local and host is not None:
            name = host_of(host)
            if not is_loopback(name) and name.lower() not in self._names:
                french = "ce serveur ne répond qu'à localhost"
                return Problem(421, "this server answers to localhost only", french=french)
        if path.startswith("/api/") and headers.get("sec-fetch-site") == "cross-site":
            return Problem(
                403,
                "pages of other sites may not read this interface",
                kind="cross-site",
                french="les pages d'autres sites ne peuvent pas lire cette interface",
            )
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length[:20]) > limit:
            french = f"le corps peut avoir au plus {limit} octets"
            return Problem(413, f"the body may have at most {limit} bytes", french=french)
        return None


def _bounded(receive: Receive, limit: int) -> Receive:
    """A body that came without its length is cut off: it is then no JSON any more."""
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        message = await receive()
        if message["type"] == "http.request":
            taken += len(message.get("body", b""))
            if taken > limit:
                return {"type": "http.request", "body": b"", "more_body": False}
        return message

    return bounded
