"""Errors as RFC 9457 problem details: a stable type, a title by language, one clear line."""

from http import HTTPStatus

from neonat.web.encode import Json
from neonat.web.words import PROBLEMS

PREFIX = "urn:neonat:problem:"

# The type of a problem that has no closer one.
_BY_STATUS = {
    400: "bad-request",
    401: "sign-in-needed",
    403: "no-role",
    404: "not-found",
    405: "method-not-allowed",
    409: "conflict",
    413: "too-large",
    415: "not-json",
    421: "wrong-host",
    429: "too-many-tries",
    500: "server-failed",
    503: "unavailable",
}


class Problem(Exception):  # noqa: N818 - the RFC's name
    """A request that cannot be answered: HTTP `status` and one line that says why.

    `kind` is the last part of its type, `french` the line for readers of French (None: only a
    program can meet it), `more` are members of its own.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        headers: dict[str, str] | None = None,
        kind: str | None = None,
        french: str | None = None,
        **more: object,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers
        self.kind = kind
        self.french = french
        self.more = more

    def line(self, language: str) -> str:
        """The one line in a language, English where there is no other."""
        return self.french if language == "fr" and self.french else self.detail


def problem_response(
    status: int,
    detail: str,
    headers: dict[str, str] | None = None,
    kind: str | None = None,
    language: str = "en",
    **more: object,
) -> Json:
    """The response for one problem, `application/problem+json`."""
    kind = kind or _BY_STATUS.get(status)
    titles = PROBLEMS.get(kind or "")
    if titles is not None:
        title = titles[language]
    else:
        try:
            title = HTTPStatus(status).phrase
        except ValueError:
            title = "Error"
    body = {
        "type": PREFIX + kind if kind else "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        **more,
    }
    return Json(body, status_code=status, headers=headers, media_type="application/problem+json")
