"""A change that a cookie vouches for must come from our own page, not from another that the same browser has open.

Three things are looked at, each enough to refuse: what the browser says of the page (Fetch Metadata), the page's origin, and
a token that only our own page could read. SameSite=Lax cookies are the fourth.
"""

from __future__ import annotations

import hmac
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request

from evenstock.service.access.credentials import Digests
from evenstock.service.configuration import Configuration
from evenstock.service.http.problems import Problem

SAME_SITE_HEADER: Final = "x-csrf-token"
_HARMLESS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN: Final = frozenset({"same-origin", "none"})


def changes(request: Request) -> bool:
    return request.method not in _HARMLESS


def refuse_other_sites(request: Request, configuration: Configuration) -> None:
    """Raise Problem `cross_site` where the browser says that another site's page sent this."""
    fetched = request.headers.get("sec-fetch-site")
    if fetched is not None and fetched not in _OWN:
        raise Problem("cross_site", f"the browser says that a page of another site sent this ({fetched})")
    origin = request.headers.get("origin")
    if origin is not None and origin.lower() not in _own_origins(request, configuration):
        raise Problem("cross_site", f"this came from a page of {origin[:100]}")


def require_token(request: Request, digests: Digests, session_token: str) -> None:
    """Raise Problem `cross_site` unless the header X-CSRF-Token has this session's token."""
    given = request.headers.get(SAME_SITE_HEADER, "")
    wanted = digests.all("csrf", session_token)
    if not any([hmac.compare_digest(given.encode(), one.encode()) for one in wanted]):  # noqa: C419 (all are compared)
        raise Problem("cross_site", "the header X-CSRF-Token is missing or is not of this session")


def _own_origins(request: Request, configuration: Configuration) -> set[str]:
    if configuration.public_url:
        told = urlsplit(configuration.public_url)
        return {f"{told.scheme}://{told.netloc}".lower()}
    host = request.headers.get("host", "").lower()
    return {f"http://{host}", f"https://{host}"}
