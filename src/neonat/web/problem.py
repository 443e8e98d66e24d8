"""Errors as RFC 9457 problem details: one clear line each."""

from http import HTTPStatus

from neonat.web.encode import Json


class Problem(Exception):  # noqa: N818 - the RFC's name
    """A request that cannot be answered: HTTP `status` and one line that says why."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers


def problem_response(status: int, detail: str, headers: dict[str, str] | None = None) -> Json:
    """The response for one problem, `application/problem+json`."""
    try:
        title = HTTPStatus(status).phrase
    except ValueError:
        title = "Error"
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return Json(body, status_code=status, headers=headers, media_type="application/problem+json")
