"""A carrier asked over a wire: its member's words around one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from types import ModuleType

from evenstock.carriers._account import Account
from evenstock.carriers._request import WireRequest
from evenstock.carriers._wire import HttpWire, Wire, WireReply, without_secrets
from evenstock.operations.carrier_ports import (
    MADE_UP,
    Message,
    ParcelToRate,
    RatesReply,
    TrackedParcel,
    TrackingReply,
    scans_together,
)


@dataclass(frozen=True, slots=True)
class AskedCarrier:
    """Both ports, over one member and one wire."""

    name: str
    member: ModuleType
    account: Account
    wire: Wire
    zone: tzinfo = UTC

    def rates(self, parcel: ParcelToRate) -> RatesReply:
        """Every service's price; what stands in the way comes back as a message."""
        if parcel.hazmat:
            said = f"{self.name} is not asked live about hazardous goods: its answer would be for ordinary ones"
            return RatesReply(messages=(Message("error", "hazmat", said, parcel.parcel),))
        asked: WireRequest | Message = self.member.rate_request(parcel, self.account)
        if isinstance(asked, Message):
            return RatesReply(messages=(asked,))
        answer = self.wire.send(asked)
        read: RatesReply = self.member.rates(answer.body) if answer.body is not None else RatesReply()
        messages = self._said((*read.messages, *self._line(answer, read.messages), *self._made_up()))
        return replace(read, messages=messages, calls=answer.calls)

    @property
    def numbers_a_call(self) -> int:
        """Parcels one question may name, as the carrier's contract says; one unless it says more."""
        return int(getattr(self.member, "NUMBERS_A_CALL", 1))

    def track(self, parcels: Sequence[TrackedParcel]) -> TrackingReply:
        """Every scan so far of these parcels, in as few calls as the carrier allows."""
        asked: tuple[WireRequest, ...] = self.member.tracking_requests([p.number for p in parcels], self.account)
        replies = []
        for request in asked:
            answer = self.wire.send(request)
            read: TrackingReply = (
                self.member.tracking(answer.body, zone=self.zone) if answer.body is not None else TrackingReply()
            )
            messages = self._said((*read.messages, *self._line(answer, read.messages)))
            replies.append(replace(read, messages=messages, calls=answer.calls))
        return scans_together(replies)

    def close(self) -> None:
        """Let the connection go."""
        if isinstance(self.wire, HttpWire):
            self.wire.close()

    def _line(self, answer: WireReply, said: Sequence[Message]) -> tuple[Message, ...]:
        """What the line itself has to say: no answer, none that can be read, or a refusal without words."""
        if answer.words:
            return (Message("error", _code(answer.status), answer.words),)
        if answer.status >= 400 and not any(message.level == "error" for message in said):
            return (Message("error", _code(answer.status), f"{self.name} refused with HTTP {answer.status}"),)
        return ()

    def _made_up(self) -> tuple[Message, ...]:
        if not self.account.made_up:
            return ()
        said = f"{self.name}'s test environment makes its prices up; EVENSTOCK_{self.name.upper()}_SANDBOX=no asks the real one"
        return (Message("warning", MADE_UP, said),)

    def _said(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """A carrier may repeat what it was sent: no secret passes on."""
        return tuple(replace(m, words=without_secrets(m.words, self.account)) for m in messages)


def _code(status: int) -> str:
    return {0: "no_answer", 401: "not_authorised", 403: "not_authorised", 429: "quota"}.get(status, f"http_{status}")
