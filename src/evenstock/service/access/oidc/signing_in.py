"""From the button to the session: to the provider with a challenge, back with a code, the code for a token, the token for a session.

What only the two of us may know (the verifier of PKCE and the nonce) is derived from the state and the server's pepper, so
that nothing of it is kept. A sign-in that has begun is kept for ten minutes and is good for one answer, in the browser in
which it began.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from evenstock.operations.access.add_person import known_through
from evenstock.operations.access.provider_sign_in import begin_provider_sign_in, take_provider_sign_in
from evenstock.operations.access.sign_in import SignedIn, sign_in_through_provider
from evenstock.operations.ports import Store
from evenstock.service.access.credentials import Digests, mint_token, secure
from evenstock.service.access.oidc.groups import grants_from, role_map
from evenstock.service.access.oidc.id_token import WrongTokenError, claims_of
from evenstock.service.access.oidc.provider import Provider
from evenstock.service.configuration import Configuration, ConfigurationError
from evenstock.service.egress import Egress
from evenstock.service.http.problems import Problem
from evenstock.service.safe_defaults import loopback

CALLBACK: Final = "/v1/session/oidc/callback"
LONGEST_S: Final = 5.0
"""Patience with the provider."""


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser, and what it must bring back."""

    address: str
    state: str


@dataclass(frozen=True, slots=True)
class Done:
    """Signed in."""

    signed_in: SignedIn
    token: str
    return_to: str


class ProviderSignIn:
    """Signing in through the issuer of the configuration."""

    def __init__(
        self, store: Store, configuration: Configuration, digests: Digests, provider: Provider | None = None
    ) -> None:
        """Raise ConfigurationError where issuer, client or the map of groups cannot be used."""
        self._store, self._configuration, self._digests = store, configuration, digests
        self._roles = role_map(configuration.oidc_roles)
        issuer = urlsplit(configuration.oidc_issuer)
        if issuer.scheme == "http" and not loopback(issuer.hostname or "") and not configuration.egress_private:
            raise ConfigurationError(
                f"oidc_issuer: {configuration.oidc_issuer} is not https, so anybody on the way could vouch for anybody; "
                "take its https address"
            )
        if not configuration.oidc_client_id:
            raise ConfigurationError(
                "oidc_client_id is not set: the provider names it when evenstock is registered there"
            )
        # The issuer is the company's own choice and often stands in its own network.
        self.provider = provider or Provider(configuration.oidc_issuer, Egress(private=True, longest_s=LONGEST_S))

    def begin(self, redirect: str, return_to: str) -> Begun:
        """Keep that a sign-in has begun. Raises Problem `unavailable`."""
        metadata = self.provider.metadata()
        state = mint_token()
        begin_provider_sign_in(self._store, self._digests.of("oidc", state), redirect, return_to)
        challenge = hashlib.sha256(self._secret("verifier", state).encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self._configuration.oidc_client_id,
            "redirect_uri": redirect,
            "scope": "openid profile email",
            "state": state,
            "nonce": self._secret("nonce", state),
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in metadata.authorization_endpoint else "?"
        return Begun(f"{metadata.authorization_endpoint}{joint}{urlencode(asked)}", state)

    def finish(self, state: str, code: str, issuer: str | None, before: str) -> Done:
        """Sign in whoever the provider vouches for.

        Raises Problem `sign_in_refused` with what is wrong, `not_allowed` for whom no group gives a role, `unavailable`.
        """
        begun = take_provider_sign_in(self._store, self._digests.all("oidc", state))
        if begun is None:
            raise Problem("sign_in_refused", "this sign-in was not begun here, was finished before, or took too long")
        if issuer is not None and issuer.rstrip("/") != self.provider.issuer:
            raise Problem("sign_in_refused", "the answer comes from another identity provider")
        token = self._token_for(code, begun.redirect, state)
        client, nonce = self._configuration.oidc_client_id, self._secret("nonce", state)
        try:
            claims = claims_of(token, self.provider, client, nonce, begun.now)
        except WrongTokenError as wrong:
            raise Problem("sign_in_refused", f"the identity provider's token is not accepted: {wrong}") from wrong
        return self._done(claims, begun.return_to, before)

    def _done(self, claims: Mapping[str, Any], return_to: str, before: str) -> Done:
        name = next((claims[one] for one in ("email", "preferred_username", "name") if _is_name(claims.get(one))), "")
        grants = grants_from(claims, self._roles)
        person = known_through(self._store, self.provider.issuer, claims["sub"], name or claims["sub"], grants)
        if not grants:
            raise Problem("not_allowed", "none of your groups has a role here", hint="ask for one of oidc_roles")
        session = mint_token()
        found = sign_in_through_provider(self._store, person.id, self._digests.of("session", session), before)
        if not isinstance(found, SignedIn):
            raise Problem("not_allowed", f"the account {person.id} is disabled here")
        return Done(found, session, return_to)

    def _token_for(self, code: str, redirect: str, state: str) -> str:
        client, secret = self._configuration.oidc_client_id, self._configuration.oidc_client_secret.reveal()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "code_verifier": self._secret("verifier", state),
            "client_id": client,
        }
        headers = {}
        if secret and self.provider.metadata().basic:
            pair = f"{quote(client, safe='')}:{quote(secret, safe='')}"
            headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        elif secret:
            form["client_secret"] = secret
        token = self.provider.exchange(urlencode(form), headers).get("id_token")
        if not isinstance(token, str):
            raise Problem("sign_in_refused", "the identity provider gave no ID token; allow it the scope openid")
        return token

    def _secret(self, what: str, state: str) -> str:
        return self._digests.of(f"oidc {what}", state)


def redirect_uri(configuration: Configuration, base: str) -> str:
    """Where the provider sends people back to: under the public address, or where the request came to on this machine."""
    return (configuration.public_url.rstrip("/") or base.rstrip("/")) + CALLBACK


def state_cookie(configuration: Configuration) -> str:
    return "__Host-evenstock_oidc" if secure(configuration) else "evenstock_oidc"


def safe_return(path: str) -> str:
    r"""A page of ours, or the start page: never another site's.

    Examples
    --------
    >>> [safe_return(p) for p in ("/plans?x=1", "//evil.example", "/\\evil.example", "https://evil.example", "")]
    ['/plans?x=1', '/', '/', '/', '/']
    """
    plain = all(" " < sign < "\x7f" and sign != "\\" for sign in path)
    return path if path.startswith("/") and not path.startswith("//") and plain and len(path) <= 1_000 else "/"


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 200 and value.isprintable()
