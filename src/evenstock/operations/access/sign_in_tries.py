"""How fast somebody may try passwords: counted before the password is looked at, by account, by address, and by both.

Tries wait longer and longer: after five that failed from one address at one account up to fifteen minutes; after twenty at one
account from anywhere at most a minute, so that nobody can lock another out; after fifty from one address up to fifteen minutes.
A name that is no account is counted like one. Addresses of IPv6 count by their /64.
"""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from evenstock.domain import rfc3339
from evenstock.operations.ports import Entry, Transaction

KIND: Final = "sign_in_tries"
FORGET_AFTER: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Patience:
    """How many failures are free, and how long the next try then waits: twice as long each time, up to a limit. Seconds."""

    free: int
    first_s: int
    longest_s: int

    def wait_s(self, failed: int) -> int:
        """Seconds after the last failure before the next try.

        Examples
        --------
        >>> [Patience(5, 30, 900).wait_s(failed) for failed in (0, 4, 5, 6, 9, 10, 99)]
        [0, 0, 30, 60, 480, 900, 900]
        """
        if failed < self.free:
            return 0
        return min(self.longest_s, self.first_s << min(failed - self.free, 16))


PATIENCE: Final = {"account": Patience(20, 2, 60), "address": Patience(50, 10, 900), "both": Patience(5, 30, 900)}


def counters(account: str, address: str) -> dict[str, str]:
    """Names of the counters that a try touches, in the order in which they are locked."""
    network = network_of(address)
    named = {"account": account, "address": network, "both": f"{account}\0{network}"}
    return {kind: f"{kind}:{hashlib.sha256(text.encode()).hexdigest()[:32]}" for kind, text in sorted(named.items())}


def count_try(books: Transaction, account: str, address: str) -> int:
    """Count one more try as failed, unless it has to wait: then return how many seconds (0: go on)."""
    now = books.clock()
    found = {kind: (name, books.entry(KIND, name)) for kind, name in counters(account, address).items()}
    waits = [_wait_s(kind, entry, now) for kind, (_, entry) in found.items()]
    if max(waits) > 0:
        return max(waits)
    for name, entry in found.values():
        failed = _failed(entry, now) + 1
        later = Entry(
            KIND,
            name,
            {"failed": failed, "at": rfc3339(now)},
            entry.step + 1 if entry else 0,
            due_at=now + FORGET_AFTER,
        )
        if entry is None:
            books.enter(later)
        else:
            books.change_entry(entry.step, later)
    return 0


def forgive(books: Transaction, account: str, address: str) -> None:
    """The password was right: the account starts afresh, and the address gets its try back."""
    now = books.clock()
    for kind, name in counters(account, address).items():
        entry = books.entry(KIND, name)
        if entry is None:
            continue
        failed = _failed(entry, now) - 1
        if kind != "address" or failed <= 0:
            books.remove_entry(KIND, name)
        else:
            books.change_entry(
                entry.step, Entry(KIND, name, {**entry.body, "failed": failed}, entry.step + 1, due_at=entry.due_at)
            )


def network_of(address: str) -> str:
    """What counts as one address.

    Examples
    --------
    >>> network_of("192.0.2.7"), network_of("2001:db8:1:2:3::4"), network_of("::ffff:192.0.2.7")
    ('192.0.2.7', '2001:db8:1:2::/64', '192.0.2.7')
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))


def _wait_s(kind: str, entry: Entry | None, now: datetime) -> int:
    if entry is None:
        return 0
    ready = datetime.fromisoformat(entry.body["at"]) + timedelta(seconds=PATIENCE[kind].wait_s(_failed(entry, now)))
    return max(0, -int((now - ready) // timedelta(seconds=1)))


def _failed(entry: Entry | None, now: datetime) -> int:
    if entry is None or (entry.due_at is not None and entry.due_at <= now):
        return 0
    return int(entry.body["failed"])
