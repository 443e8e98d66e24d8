"""The one-time link with which the first administrator is made."""

import secrets

from neonat.store import StoreError, open_store, people
from neonat.web.access.keeper import SETUP_MS, hashed
from neonat.web.health import now_ms


def offer_link(db_url: str, address: str) -> str | None:
    """A new link that replaces the one before; None where there is a user, or no database yet."""
    try:
        store = open_store(db_url, create=False)
    except StoreError:
        return None
    try:
        if store.read(people.any_person):
            return None
        token = secrets.token_urlsafe(24)
        until = now_ms() + SETUP_MS
        store.change(lambda base: people.offer_setup(base, hashed(token), until))
    except StoreError:
        return None
    finally:
        store.close()
    return f"{address.rstrip('/')}/#setup={token}"
