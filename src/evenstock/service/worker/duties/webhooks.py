"""Sends webhooks that are due."""

from __future__ import annotations

from functools import cache, partial
from typing import Final

from evenstock.service.access.vault import Vault
from evenstock.service.configuration import Configuration, Secret
from evenstock.service.egress import Egress
from evenstock.service.events.outgoing.sending import Sender
from evenstock.service.worker.workplace import Workplace

NAME: Final = "webhooks"
EVERY_S: Final = 1.0


def do(at: Workplace) -> int:
    told = at.configuration
    sender = Sender(at.store, _out(told), partial(_vault, told.secrets_key.reveal()), at.clock, told.public_url)
    sent = sender.send_due()
    return sent.taken + sent.refused


def _out(told: Configuration) -> Egress:
    return Egress(told.egress_allow, private=told.egress_private)


@cache
def _vault(secrets_key: str) -> Vault:
    return Vault(Secret(secrets_key))
