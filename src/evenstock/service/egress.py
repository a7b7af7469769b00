"""Requests to addresses that somebody else chose: they reach who was meant, and nobody inside.

A host name is resolved once, every address it has is looked at, and the connection goes to one of those very addresses, so
that a name cannot mean another machine a moment later; TLS and the Host header still speak of the name. Private, loopback,
link-local and other special addresses are refused in whatever form they are written, redirects are answers like others and
are never followed, and time and size are limited in total. No proxy of the environment is used.

References
----------
OWASP Server-Side Request Forgery Prevention Cheat Sheet; RFC 6890 (special-purpose addresses); WHATWG URL, host parsing.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from time import monotonic
from typing import Any, Final

import httpcore
import httpx

LARGEST_ANSWER: Final = 64_000
"""Bytes of an answer that are read; what goes beyond is cut off."""
LARGEST_WHOLE: Final = 1_000_000
"""Bytes of an answer that a client of httpx may get."""
LONGEST_S: Final = 10.0
"""For the whole exchange: name, connection, TLS, sending, waiting, reading."""
_LONGEST_URL: Final = 2_000
_NUMERIC: Final = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)", re.IGNORECASE)
_OURS: Final = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding"})
_METADATA: Final = frozenset(
    map(ipaddress.ip_address, ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "192.0.0.192", "168.63.129.16"))
)
"""Where clouds tell a machine its secrets: refused even where private addresses are reached."""
_SPECIAL: Final = tuple(
    map(
        ipaddress.ip_network,
        ("100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "64:ff9b:1::/48", "100::/64", "2001::/23"),
    )
)
"""What some versions of Python take for public."""
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Iterable[str]]


class RefusedAddress(ValueError):  # noqa: N818 (it names what is refused)
    """The address is not one that may be reached: nothing was sent."""


class FailedDelivery(Exception):  # noqa: N818 (it names what happened)
    """No whole answer came: the name is unknown, nobody listens, TLS failed, or it took too long. It may have arrived."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status; a redirect is not followed."""

    status: int
    body: bytes
    """At most 64 kB, as it came over the wire."""
    took_s: float


class Egress:
    """The only way out for requests to addresses that others chose. Safe for threads."""

    def __init__(
        self,
        allow: str = "",
        *,
        private: bool = False,
        longest_s: float = LONGEST_S,
        tls: ssl.SSLContext | None = None,
        resolve: Resolve | None = None,
    ) -> None:
        """Say where requests may go.

        Parameters
        ----------
        allow
            Hosts separated by `;` or `,`, such as `hooks.example.com;*.example.org`; empty: any public address. A star stands
            for one or more parts of a name before the rest.
        private
            Whether private and loopback addresses may be reached, and by plain http; link-local ones and cloud metadata never.
        longest_s
            Seconds for a whole exchange.
        tls
            Whom to trust; by default the usual authorities.
        resolve
            Addresses of a host and port; by default the system's.
        """
        self._allow = tuple(part.strip().lower().rstrip(".") for part in re.split("[;,]", allow) if part.strip())
        self._private, self._longest_s = private, longest_s
        self._tls, self._resolve = tls, resolve or _system_addresses

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send `body`. Raises RefusedAddress, FailedDelivery."""
        return self.exchange("POST", url, body, headers)

    def get(self, url: str, headers: Mapping[str, str] | None = None, *, largest: int = LARGEST_ANSWER) -> Answer:
        """Ask for something. Raises RefusedAddress, FailedDelivery; the latter also where more than `largest` bytes come."""
        found = self.exchange("GET", url, b"", headers or {}, largest=largest + 1)
        _refuse_larger(url, found.body, largest)
        return found

    def exchange(
        self, method: str, url: str, body: bytes, headers: Mapping[str, str], *, largest: int = LARGEST_ANSWER
    ) -> Answer:
        """One request; of the answer at most `largest` bytes are read. Raises RefusedAddress, FailedDelivery."""
        began = monotonic()
        with self._answered(method, url, body, headers, began + self._longest_s) as response:
            return Answer(response.status, _read(response, largest), monotonic() - began)

    def transport(self) -> httpx.BaseTransport:
        """For clients of httpx, under the same rules; give the client `follow_redirects=False`."""
        return _Transport(self, self._longest_s)

    def permitted(self, url: str) -> httpx.URL:
        """The address as it will be used, without resolving its name: for checking one when it is set up. Raises RefusedAddress."""
        if len(url) > _LONGEST_URL or any(sign <= " " or sign in {"\x7f", "\\"} for sign in url):
            raise RefusedAddress(f"an address has at most {_LONGEST_URL:,} characters, no spaces and no backslash")
        try:
            target = httpx.URL(url)
            host = target.raw_host.decode("ascii").lower()
        except (httpx.InvalidURL, UnicodeError, ValueError) as error:
            raise RefusedAddress(f"{_shown(url)}: this is no address: {error}") from None
        self._require_form(target, host)
        literal = _literal(host)
        if self._allow and not any(_matches(host, pattern) for pattern in self._allow):
            raise RefusedAddress(f"{host} is not among the hosts that may be reached ({'; '.join(self._allow)})")
        if literal is not None:
            self._require_public(literal, host)
        return target

    def addresses(self, host: str, port: int, until: float) -> list[str]:
        """Where to connect for a host: all it has, each looked at. Raises RefusedAddress, httpcore.ConnectError."""
        literal = _literal(host)
        if literal is not None:
            self._require_public(literal, host)
            return [str(literal)]
        try:
            found = list(dict.fromkeys(_RESOLVING.submit(self._resolve, host, port).result(until - monotonic())))
        except (TooLate, OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"the name {host} cannot be resolved: {str(error) or 'no answer'}") from error
        if not found:
            raise httpcore.ConnectError(f"the name {host} has no address")
        # One refused address among good ones is an attempt: nothing is sent to any.
        for one in found:
            self._require_public(ipaddress.ip_address(one), host)
        return found

    def _require_form(self, target: httpx.URL, host: str) -> None:
        schemes = {"https", "http"} if self._private else {"https"}
        if target.scheme not in schemes:
            raise RefusedAddress(
                f"{target.scheme or 'no'} is not taken as scheme; write {' or '.join(sorted(schemes))}"
            )
        if not host:
            raise RefusedAddress("the address names no host")
        if target.userinfo:
            raise RefusedAddress("an address holds no user and no password; sign the request instead")
        port = target.port or 443
        if not (port in {80, 443} or 1024 <= port <= 65_535):
            raise RefusedAddress(f"port {port} belongs to another service; take 443 or one from 1024 on")

    def _require_public(self, address: Address, host: str) -> None:
        because = special(address, private=self._private)
        if because:
            raise RefusedAddress(f"{host} is at an address that may not be reached: {because}")

    @contextmanager
    def _answered(
        self, method: str, url: str, body: bytes, headers: Mapping[str, str], until: float
    ) -> Iterator[httpcore.Response]:
        """One request over a connection of its own; what goes wrong is told as what it is to the caller."""
        target = self.permitted(url)
        sent = [*((k, v) for k, v in headers.items() if k.lower() not in _OURS), ("accept-encoding", "identity")]
        try:
            asked = _request(httpx.Request(method, target, headers=sent, content=body), until)
            with httpcore.ConnectionPool(
                ssl_context=self._tls or _usual_trust(),
                max_connections=1,
                max_keepalive_connections=0,
                retries=0,
                network_backend=_Pinned(self, until),
            ) as pool:
                response = pool.handle_request(asked)
                try:
                    yield response
                finally:
                    response.close()
        except httpcore.TimeoutException as error:
            raise FailedDelivery(f"{_shown(url)}: no whole answer within {self._longest_s:g} s") from error
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError, UnicodeError) as error:
            raise FailedDelivery(f"{_shown(url)}: {str(error) or type(error).__name__}") from error


def _request(asked: httpx.Request, until: float) -> httpcore.Request:
    timeout = dict.fromkeys(("connect", "read", "write", "pool"), max(0.001, until - monotonic()))
    url = httpcore.URL(
        scheme=asked.url.raw_scheme, host=asked.url.raw_host, port=asked.url.port, target=asked.url.raw_path
    )
    return httpcore.Request(
        asked.method, url, headers=asked.headers.raw, content=asked.read(), extensions={"timeout": timeout}
    )


def _read(response: httpcore.Response, largest: int) -> bytes:
    found = bytearray()
    for part in response.iter_stream():
        found += part
        if len(found) >= largest:
            break
    return bytes(found[:largest])


def _refuse_larger(url: str, body: bytes, largest: int) -> None:
    if len(body) > largest:
        raise FailedDelivery(f"{_shown(url)}: the answer has more than {largest:,} bytes")


def special(address: Address, *, private: bool = False) -> str:
    """Why an address is not a public one; empty where it is.

    Addresses that hold another (IPv4-mapped, NAT64, 6to4, Teredo) are judged by the one they hold.

    Examples
    --------
    >>> special(ipaddress.ip_address("::ffff:10.0.0.1"))
    'a private address'
    >>> special(ipaddress.ip_address("64:ff9b::7f00:1")), special(ipaddress.ip_address("93.184.215.14"))
    ('a loopback address', '')
    """
    inner = _held(address)
    if inner is not None:
        return special(inner, private=private)
    if address in _METADATA:
        return "a cloud's metadata service"
    checks = (
        (address.is_unspecified, "the unspecified address", False),
        (address.is_loopback, "a loopback address", private),
        (address.is_link_local, "a link-local address", False),
        (address.is_multicast, "a multicast address", False),
        (address.is_reserved, "a reserved address", False),
        (address.is_private, "a private address", private),
        (not address.is_global or any(address in one for one in _SPECIAL), "an address of special use", private),
    )
    for holds, because, excused in checks:
        if holds:
            return "" if excused else because
    return ""


def _held(address: Address) -> ipaddress.IPv4Address | None:
    if not isinstance(address, ipaddress.IPv6Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    if address.teredo is not None:
        return address.teredo[1]
    if address.ipv4_mapped is None and address.sixtofour is None and int(address) >> 32 == 0 and int(address) > 1:
        return ipaddress.IPv4Address(int(address))  # ::a.b.c.d, long out of use
    return address.ipv4_mapped or address.sixtofour


def _literal(host: str) -> Address | None:
    """The address where the host is one. Raises RefusedAddress for other ways to write one, such as 127.1 or 0x7f000001."""
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        last = host.rstrip(".").rpartition(".")[2]
        if _NUMERIC.fullmatch(last) or ":" in host:
            raise RefusedAddress(f"{host}: write an address as four numbers, 192.0.2.1, or take a name") from None
        return None


def _matches(host: str, pattern: str) -> bool:
    host = host.rstrip(".").strip("[]")
    if pattern.startswith("*."):
        return host.endswith(pattern[1:]) and len(host) > len(pattern) - 1
    return host == pattern.strip("[]")


def _system_addresses(host: str, port: int) -> list[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


_RESOLVING: Final = ThreadPoolExecutor(4, "resolving")


@cache
def _usual_trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def _shown(url: str) -> str:
    """The address without what may be secret in it."""
    return url.partition("?")[0].partition("#")[0][:200]


class _Pinned(httpcore.NetworkBackend):
    """Connects to addresses that were looked at, and lets nothing take longer than what is left."""

    def __init__(self, egress: Egress, until: float) -> None:
        self._egress, self._until = egress, until
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 (less may be left)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failed: Exception | None = None
        for address in self._egress.addresses(host, port, self._until):
            try:
                stream = self._plain.connect_tcp(address, port, _left(self._until), local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
                continue
            return _Timed(stream, self._until)
        raise failed or httpcore.ConnectError(f"{host} has no address")

    def connect_unix_socket(self, path: str, *_: Any, **__: Any) -> httpcore.NetworkStream:
        raise httpcore.ConnectError(f"{path}: no socket of this machine is reached")


class _Timed(httpcore.NetworkStream):
    """A connection of which everything together ends in time, however slowly the other side drips."""

    def __init__(self, stream: httpcore.NetworkStream, until: float) -> None:
        self._stream, self._until = stream, until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._stream.read(max_bytes, _left(self._until))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._stream.write(buffer, _left(self._until))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, _left(self._until)), self._until)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(until: float) -> float:
    left = until - monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the time is up")
    return left


class _Transport(httpx.BaseTransport):
    """Whole answers for clients of httpx."""

    def __init__(self, egress: Egress, longest_s: float) -> None:
        self._egress, self._longest_s = egress, longest_s

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url, headers, body = str(request.url), dict(request.headers), request.read()
        with self._egress._answered(request.method, url, body, headers, monotonic() + self._longest_s) as found:  # noqa: SLF001
            content = _read(found, LARGEST_WHOLE + 1)
            _refuse_larger(url, content, LARGEST_WHOLE)
            return httpx.Response(found.status, headers=found.headers, content=content, request=request)
