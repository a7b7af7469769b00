"""The one place that speaks to carriers over a network: time limits, tokens, tries again, and no secret in any word.

The transport is httpx, imported when the first question is asked (`pip install evenstock[carriers]`).
"""

from __future__ import annotations

import base64
import json as jsonlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

from evenstock.carriers._account import Account, Api, ApiKey, Basic, Login, OAuth, is_local, told
from evenstock.carriers._request import WireRequest

if TYPE_CHECKING:
    import httpx

TRY_AGAIN: Final = frozenset({429, 502, 503, 504})
"""Answers that say: not now. Every question here changes nothing at the carrier, so asking twice is safe."""
TRIES: Final = 3
PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 10.0
"""A carrier that wants longer is asked another day, not waited for."""
LARGEST_BYTES: Final = 8_000_000
TOKEN_SPARE_S: Final = 60.0
CONNECT_S: Final = 5.0
ANSWER_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class WireReply:
    """What came back: a decoded body, or words that say why there is none."""

    status: int
    """HTTP status; 0 where nobody answered."""
    body: object = None
    words: str = ""
    calls: int = 1
    """Calls that reached the carrier or may have, so that its quota is never guessed low."""


class Wire(Protocol):
    """Anything that can put a question and bring back the answer."""

    def send(self, request: WireRequest) -> WireReply:
        """Never raises for what the network or the carrier does."""


@dataclass
class HttpWire:
    """A connection to one carrier for one account; close it after use."""

    carrier: str
    apis: Mapping[str, Api]
    account: Account
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _client: httpx.Client | None = field(default=None, repr=False)
    _tokens: dict[str, tuple[str, float]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for name, api in self.apis.items():
            api.address(self.account, name)  # refuses one that is not https before anything is sent

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the connections go, and forget the tokens."""
        if self._client is not None:
            self._client.close()
        self._client = None
        self._tokens.clear()

    def send(self, request: WireRequest) -> WireReply:
        api = self.apis[request.api]
        address = api.address(self.account, request.api)
        calls, renewed = 0, False
        for attempt in range(1, TRIES + 1):
            proof, refused = self._proof(request.api, api, address)
            if refused:
                return WireReply(refused.status, None, refused.words, calls)
            reply, again_after = self._once(request, address, proof)
            calls += 1
            if reply.status == 401 and isinstance(api.login, OAuth) and not renewed:
                # The token ended early, once: any second refusal is the carrier's word.
                self._tokens.pop(request.api, None)
                renewed = True
                continue
            pause = PAUSE_S * 2 ** (attempt - 1) if again_after is None else again_after
            if reply.status not in TRY_AGAIN | {0} or attempt == TRIES or pause > LONGEST_PAUSE_S:
                break
            self.sleep(pause)
        return WireReply(reply.status, reply.body, reply.words, calls)

    def _proof(self, name: str, api: Api, address: str) -> tuple[dict[str, str], WireReply | None]:
        """The header that says who asks, or why there is none."""
        account = self.account
        lacking = _lacking(api.login, account)
        if lacking:
            named = " and ".join(f"EVENSTOCK_{self.carrier.upper()}_{part}" for part in lacking)
            return {}, WireReply(401, None, f"{self.carrier}: nobody says who asks: set {named}")
        if isinstance(api.login, ApiKey):
            return {api.login.header: account.api_key}, None
        if isinstance(api.login, Basic):
            return {"Authorization": f"Basic {_pair(account)}"}, None
        token, until = self._tokens.get(name, ("", 0.0))
        if not token or self.clock() >= until:
            reply, _ = self._once(_token_request(api.login), address, _token_proof(api.login, account), api.login)
            body = reply.body if isinstance(reply.body, Mapping) else {}
            token = str(body.get("access_token") or "")
            if reply.status != 200 or not token:
                why = reply.words or f"the answer ({reply.status}) holds no access_token"
                return {}, WireReply(reply.status, None, f"{self.carrier}: no token: {why}; check id and secret")
            self._tokens[name] = (token, self.clock() + _lifetime_s(body) - TOKEN_SPARE_S)
        return {"Authorization": f"Bearer {token}"}, None

    def _once(
        self, request: WireRequest, address: str, proof: Mapping[str, str], login: OAuth | None = None
    ) -> tuple[WireReply, float | None]:
        """One call, and how long the carrier wants to be left alone, where it says."""
        import httpx

        if self._client is None:
            limits = httpx.Timeout(ANSWER_S, connect=CONNECT_S)
            # A redirect would carry the proof to another host: a carrier's API needs none.
            # A proxy of the environment serves the world outside, not a server on this machine.
            self._client = httpx.Client(
                timeout=limits,
                follow_redirects=False,
                headers={"User-Agent": "evenstock"},
                trust_env=not is_local(address),
            )
        sent: dict[str, Any] = {"params": dict(request.query)} if request.query else {}
        if login is not None and login.sends != "json":
            sent["data"] = _token_form(login, self.account)
        elif login is not None or request.json is not None:
            sent["json"] = _token_form(login, self.account) if login is not None else request.json
        headers = {"Accept": "application/json", **request.headers, **proof}
        asked = f"{self.carrier}: {told(request)}"
        try:
            with self._client.stream(request.method, address + request.path, headers=headers, **sent) as answer:
                raw = _whole(answer)
                after = _seconds(answer.headers.get("Retry-After", ""))
                status = answer.status_code
        except httpx.HTTPError as error:
            # Only the kind of error is told: its text may hold the address with what was sent.
            return WireReply(0, None, f"{asked}: no answer ({type(error).__name__})"), None
        if raw is None:
            return WireReply(status, None, f"{asked}: the answer is larger than {LARGEST_BYTES:,} bytes"), after
        try:
            return WireReply(status, jsonlib.loads(raw, parse_float=Decimal)), after
        except (ValueError, RecursionError):
            return WireReply(status, None, f"{asked}: the answer ({status}) is not JSON"), after


def without_secrets(words: str, account: Account) -> str:
    """The words with every secret of the account, as it is and as it travels, replaced."""
    hidden = [*account.secrets, _pair(account)] if account.secrets else []
    for secret in hidden:
        words = words.replace(secret, "[hidden]")
    return words


def _lacking(login: Login, account: Account) -> list[str]:
    """Parts of the account that this way of saying who asks needs and that are empty, as variables name them."""
    needs = {"API_KEY": account.api_key} if isinstance(login, ApiKey) else {
        "CLIENT_ID": account.client_id, "CLIENT_SECRET": account.client_secret,
    }  # fmt: skip
    return [name for name, said in needs.items() if not said]


def _pair(account: Account) -> str:
    return base64.b64encode(f"{account.client_id}:{account.client_secret}".encode()).decode("ascii")


def _token_request(login: OAuth) -> WireRequest:
    return WireRequest("POST", login.path)


def _token_proof(login: OAuth, account: Account) -> dict[str, str]:
    return {"Authorization": f"Basic {_pair(account)}"} if login.sends == "basic" else {}


def _token_form(login: OAuth, account: Account) -> dict[str, str]:
    named = {} if login.sends == "basic" else {"client_id": account.client_id, "client_secret": account.client_secret}
    return {"grant_type": "client_credentials", **named}


def _lifetime_s(body: Mapping[str, object]) -> float:
    """Seconds the token lives; carriers write them as a number or as text. One that says nothing is used once."""
    try:
        return min(86_400.0, max(0.0, float(str(body.get("expires_in", 0)))))
    except ValueError:
        return 0.0


def _seconds(said: str) -> float | None:
    """Retry-After in seconds; its other form, a date, counts as not said."""
    return float(said) if said.isascii() and said.isdigit() and len(said) < 7 else None


def _whole(answer: httpx.Response) -> bytes | None:
    """The body, None once it grows too large."""
    parts, size = [], 0
    for part in answer.iter_bytes():
        size += len(part)
        if size > LARGEST_BYTES:
            return None
        parts.append(part)
    return b"".join(parts)
