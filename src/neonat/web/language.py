"""Which language a request gets its texts in."""

LANGUAGES = ("en", "fr")


def language_of(accepted: str | None, own: str | None = None) -> str:
    """One of `LANGUAGES`: a person's own, else the first that Accept-Language likes most."""
    if own in LANGUAGES:
        return own
    liked: list[tuple[float, str]] = []
    for part in (accepted or "").split(",")[:20]:
        tag, _, rest = part.strip().partition(";")
        name = tag.strip().lower().partition("-")[0]
        if name in LANGUAGES:
            liked.append((_weight(rest), name))
    best = max((weight for weight, _ in liked), default=0.0)
    return next((name for weight, name in liked if weight == best and weight > 0), LANGUAGES[0])


def _weight(parameters: str) -> float:
    key, _, value = parameters.strip().partition("=")
    if key.strip() != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0
