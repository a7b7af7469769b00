from __future__ import annotations

import pytest

from evenstock.service.access.vault import SealError, Vault
from evenstock.service.configuration import ConfigurationError, Secret

OLD, NEW = "o" * 32, "n" * 32


def test_what_is_sealed_opens_again_and_shows_nothing() -> None:
    vault = Vault(Secret(NEW))
    sealed = vault.seal(b"whsec_canary", "subscription S-1")
    assert vault.open(sealed, "subscription S-1") == b"whsec_canary"
    assert "canary" not in sealed
    assert NEW not in repr(vault)


def test_the_same_secret_never_looks_the_same() -> None:
    vault = Vault(Secret(NEW))
    assert len({vault.seal(b"x") for _ in range(100)}) == 100


def test_a_key_is_changed_by_putting_a_new_one_in_front() -> None:
    sealed = Vault(Secret(OLD)).seal(b"x")
    both = Vault(Secret(f"{NEW},{OLD}"))
    assert both.open(sealed) == b"x"
    assert both.stale(sealed)
    again = both.seal(both.open(sealed))
    assert not both.stale(again)
    assert Vault(Secret(NEW)).open(again) == b"x"


def test_without_its_key_a_secret_stays_shut_and_says_which_key_it_wants() -> None:
    sealed = Vault(Secret(OLD)).seal(b"x")
    with pytest.raises(SealError, match=sealed.split(".")[1]):
        Vault(Secret(NEW)).open(sealed)


def test_every_changed_sign_is_found() -> None:
    vault = Vault(Secret(NEW))
    sealed = vault.seal(b"secret of a source", "source S")
    for at in range(len(sealed)):
        other = "A" if sealed[at] != "A" else "B"
        with pytest.raises(SealError):
            vault.open(sealed[:at] + other + sealed[at + 1 :], "source S")
    for short in range(len(sealed)):
        with pytest.raises(SealError):
            vault.open(sealed[:short], "source S")


def test_a_secret_of_one_thing_does_not_open_as_that_of_another() -> None:
    vault = Vault(Secret(NEW))
    with pytest.raises(SealError, match="something else"):
        vault.open(vault.seal(b"x", "subscription A"), "subscription B")


@pytest.mark.parametrize("key", ["", " , ", "short", f"{NEW},short"])
def test_a_missing_or_short_key_stops_the_start(key: str) -> None:
    with pytest.raises(ConfigurationError, match="EVENSTOCK_SECRETS_KEY"):
        Vault(Secret(key))
