"""What an identity provider's token must be before anybody is believed to be in it.

References
----------
OpenID Connect Core 1.0, 3.1.3.7; RFC 8725 (best current practices for JSON Web Tokens).
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from evenstock.service.access.oidc.provider import ALGORITHMS, Provider

LEEWAY: Final = timedelta(seconds=60)
"""How far the clocks may differ."""
OLDEST: Final = timedelta(hours=1)
"""A token made earlier than that is not the answer to a question asked at most ten minutes ago."""
_LONGEST: Final = 32_000


class WrongTokenError(ValueError):
    """The token proves nothing."""


def claims_of(token: str, provider: Provider, client: str, nonce: str, now: datetime) -> Mapping[str, Any]:
    """The claims of a token that the provider signed for this client and this very sign-in.

    Raises
    ------
    WrongTokenError
        If it is no such token; its message tells what is wrong and nothing of the token.
    Problem
        `unavailable` where the provider's keys cannot be had.
    """
    if len(token) > _LONGEST or token.count(".") != 2:
        raise WrongTokenError("it is no signed token")
    header = _header(token)
    if header.get("alg") not in ALGORITHMS:
        raise WrongTokenError("its algorithm is not taken")
    if "crit" in header:
        raise WrongTokenError("it has a critical header that nobody knows here")
    claims = _verified(token, header, provider)
    _require_claims(claims, provider.metadata().issuer, client, nonce, now)
    return claims


def _header(token: str) -> Mapping[str, Any]:
    try:
        return jws.extract_compact(token.encode("ascii")).headers()
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise WrongTokenError("its header cannot be read") from None


def _verified(token: str, header: Mapping[str, Any], provider: Provider) -> Mapping[str, Any]:
    keys = _fitting(provider.keys(), header) or _fitting(provider.keys(newer=True), header)
    if not keys:
        raise WrongTokenError("it is signed with a key that the provider does not show")
    for key in keys:
        try:
            found = jwt.decode(token, key, algorithms=[header["alg"]]).claims
        except (JoseError, ValueError, TypeError):
            continue
        if isinstance(found, dict):
            return found
    raise WrongTokenError("its signature does not match")


def _fitting(keys: KeySet, header: Mapping[str, Any]) -> list[Any]:
    """Keys of that name, or all where the token names none; a key in the token itself, or at an address in it, is none of ours."""
    name, algorithm = header.get("kid"), header["alg"]
    kind = "EC" if algorithm.startswith("ES") else "OKP" if algorithm.startswith("Ed") else "RSA"
    return [
        key
        for key in keys.keys
        if key.key_type == kind and key.get("alg") in {None, algorithm} and (name is None or key.kid == name)
    ]


def _require_claims(claims: Mapping[str, Any], issuer: str, client: str, nonce: str, now: datetime) -> None:
    if claims.get("iss") != issuer:
        raise WrongTokenError("another issuer made it")
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience if isinstance(audience, list) else []
    if client not in audiences:
        raise WrongTokenError("it was made for another client")
    if ("azp" in claims or len(audiences) > 1) and claims.get("azp") != client:
        raise WrongTokenError("another client asked for it")
    told = claims.get("nonce")
    if not isinstance(told, str) or not hmac.compare_digest(told.encode(), nonce.encode()):
        raise WrongTokenError("it is the answer to another sign-in")
    if not isinstance(claims.get("sub"), str) or not 0 < len(claims["sub"]) <= 255:
        raise WrongTokenError("it names nobody")
    if _moment(claims, "exp") <= now - LEEWAY:
        raise WrongTokenError("it has expired")
    issued = _moment(claims, "iat")
    if issued > now + LEEWAY or issued < now - OLDEST:
        raise WrongTokenError("it was made at another time")
    if "nbf" in claims and _moment(claims, "nbf") > now + LEEWAY:
        raise WrongTokenError("it is not valid yet")


def _moment(claims: Mapping[str, Any], name: str) -> datetime:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WrongTokenError(f"it does not say {name}")
    try:
        return datetime.fromtimestamp(value, tz=UTC)
    except (OverflowError, ValueError, OSError):
        raise WrongTokenError(f"its {name} is no moment") from None
