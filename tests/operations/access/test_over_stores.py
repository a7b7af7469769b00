"""Keys, people and sessions over every store: what is kept, what many do at once, and what the store's clock says."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from evenstock.operations.access.add_person import AddPerson, add_person, known_through
from evenstock.operations.access.api_key import KIND as KEYS
from evenstock.operations.access.api_key import ApiKey, KeyState, Quota, UnknownKeyError, key_named, keys
from evenstock.operations.access.change_grants import change_grants
from evenstock.operations.access.change_password import change_password
from evenstock.operations.access.disable_person import disable_person, enable_person
from evenstock.operations.access.find_key import find_key
from evenstock.operations.access.forget_expired import forget_expired
from evenstock.operations.access.grants import grant_of
from evenstock.operations.access.issue_key import IssueKey, Minted, issue_key
from evenstock.operations.access.people import UnknownPersonError, everybody
from evenstock.operations.access.provider_sign_in import begin_provider_sign_in, take_provider_sign_in
from evenstock.operations.access.revoke_key import revoke_key
from evenstock.operations.access.rotate_key import rotate_key
from evenstock.operations.access.session import KIND as SESSIONS
from evenstock.operations.access.session import find_session
from evenstock.operations.access.sign_in import Refused, SignedIn, SignIn, Wait, sign_in, sign_in_through_provider
from evenstock.operations.access.sign_in_tries import KIND as TRIES
from evenstock.operations.access.sign_out import sign_out
from evenstock.operations.ports import ConflictError, Store

ANA = "ana@example.com"
DAY = timedelta(days=1)


def verify(kept: str, password: str) -> str | None:
    """Stands for the hash of the edge."""
    return kept if kept and kept == f"hash of {password}" else None


def person(store: Store, account: str = ANA, *roles: str) -> None:
    grants = tuple(map(grant_of, roles or ("planner",)))
    add_person(store, AddPerson(account, account, grants, "hash of right", "test"))


def key(store: Store, name: str = "ek_0000000001", owner: str = "", lives: timedelta = DAY) -> ApiKey:
    grants = (grant_of("node_operator@TX+country:DE<=500"),)
    return issue_key(
        store, IssueKey("shop", grants, "test", lives, owner=owner, quota=Quota(5, 9)), Minted(name, "d" * 64)
    )


def attempt(store: Store, password: str = "right", digest: str = "s1", address: str = "192.0.2.1") -> object:
    return sign_in(store, SignIn(ANA, password, address, digest), verify)


def kept(store: Store, kind: str) -> list[str]:
    with store.reading() as books:
        return [entry.id for entry in books.entries(kind)]


def together(work: Callable[[int], object], times: int) -> list[object]:
    """What several get who do it at the same moment; errors among it."""
    answers: list[object] = []
    gate = threading.Barrier(times)

    def one(number: int) -> None:
        gate.wait(10)
        try:
            answers.append(work(number))
        except ConflictError as error:
            answers.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(answers) == times
    return answers


def test_a_key_is_kept_whole_and_found_by_its_digest_alone(store: Store) -> None:
    made = key(store)
    with store.reading() as books:
        assert key_named(books, made.id) == made
    found = find_key(store, made.id, ("e" * 64, "d" * 64))
    assert found is not None
    assert (found.grants, found.quota, found.used_at is not None) == (made.grants, Quota(5, 9), True)
    assert find_key(store, made.id, ("e" * 64,)) is None
    assert find_key(store, "ek_0000000009", ("d" * 64,)) is None


def test_a_key_under_a_name_that_is_taken_is_a_conflict(store: Store) -> None:
    key(store)
    with pytest.raises(ConflictError):
        key(store)


def test_a_revoked_key_stays_revoked_as_it_was_first(store: Store) -> None:
    made = key(store)
    first = revoke_key(store, made.id, "ana", "lost")
    assert revoke_key(store, made.id, "bob", "again") == first
    assert find_key(store, made.id, ("d" * 64,)) is None
    with pytest.raises(UnknownKeyError):
        revoke_key(store, "ek_none", "ana", "x")


def test_of_many_who_rotate_a_key_at_once_one_does(store: Store) -> None:
    made = key(store)

    def rotate(number: int) -> object:
        minted = Minted(f"ek_rotated{number}", "f" * 64)
        return rotate_key(store, made.id, minted, "test", overlap=timedelta(hours=1), lives=DAY)

    answers = together(rotate, 4)
    won = [answer for answer in answers if isinstance(answer, ApiKey)]
    assert len(won) == 1
    with store.reading() as books:
        assert {one.id for one in keys(books)} == {made.id, won[0].id}
        assert key_named(books, made.id).replaced_by == won[0].id


def test_a_key_that_is_used_by_many_at_once_is_found_by_all(store: Store) -> None:
    made = key(store)
    answers = together(lambda _: find_key(store, made.id, ("d" * 64,)), 8)
    assert all(isinstance(answer, ApiKey) for answer in answers)


def test_disabling_cuts_keys_and_sessions_in_one_transaction(store: Store) -> None:
    person(store)
    made = key(store, owner=ANA)
    other = key(store, "ek_0000000002")
    assert isinstance(attempt(store), SignedIn)
    disable_person(store, ANA, "test", "left")
    assert kept(store, SESSIONS) == []
    with store.reading() as books:
        assert [one.id for one in keys(books, KeyState.ACTIVE)] == [other.id]
    assert isinstance(attempt(store), Refused)
    enable_person(store, ANA, "test")
    assert find_key(store, made.id, ("d" * 64,)) is None
    assert isinstance(attempt(store, digest="s2"), SignedIn)


def test_of_two_last_administrators_who_disable_each_other_one_stays(store: Store) -> None:
    person(store, "one@example.com", "admin")
    person(store, "two@example.com", "admin")
    names = ("one@example.com", "two@example.com")
    together(lambda n: disable_person(store, names[n], names[1 - n], "race"), 2)
    with store.reading() as books:
        assert any(one.administers for one in everybody(books))


def test_no_two_sign_ins_pass_the_throttle_together(store: Store) -> None:
    person(store)
    answers = together(lambda n: attempt(store, "wrong", f"s{n}"), 12)
    assert sum(isinstance(answer, Refused) for answer in answers) <= 5
    assert all(isinstance(answer, Refused | Wait) for answer in answers)
    for _ in range(6):
        attempt(store, "wrong")
    assert isinstance(attempt(store), Wait)


def test_a_session_is_found_until_somebody_ends_it(store: Store) -> None:
    person(store)
    begun = attempt(store)
    assert isinstance(begun, SignedIn)
    found = find_session(store, ("s0", "s1"))
    assert found is not None
    assert (found[0], found[1].id) == (begun.session, ANA)
    assert sign_out(store, "s1")
    assert not sign_out(store, "s1")
    assert find_session(store, ("s1",)) is None


def test_a_changed_password_ends_every_session_but_the_one_that_asks(store: Store) -> None:
    person(store)
    for name in ("s1", "s2", "s3"):
        assert isinstance(attempt(store, digest=name), SignedIn)
    change_password(store, ANA, "hash of new", "test", seen="hash of right", keep="s2")
    assert kept(store, SESSIONS) == ["s2"]
    with pytest.raises(ConflictError):
        change_password(store, ANA, "hash of newer", "test", seen="hash of right")


def test_a_password_changed_while_it_is_checked_lets_nobody_in(store: Store) -> None:
    person(store)

    def slow(before: str, password: str) -> str | None:
        change_password(store, ANA, "hash of new", "test")
        return verify(before, password)

    assert isinstance(sign_in(store, SignIn(ANA, "right", "192.0.2.1", "s1"), slow), Refused)
    assert kept(store, SESSIONS) == []


def test_an_account_disabled_while_its_password_is_checked_lets_nobody_in(store: Store) -> None:
    person(store)

    def slow(before: str, password: str) -> str | None:
        disable_person(store, ANA, "test", "left")
        return verify(before, password)

    assert isinstance(sign_in(store, SignIn(ANA, "right", "192.0.2.1", "s1"), slow), Refused)
    assert kept(store, SESSIONS) == []


def test_roles_of_a_local_account_are_changed_here_and_others_at_the_provider(store: Store) -> None:
    person(store)
    assert change_grants(store, ANA, (grant_of("viewer"),), "test").grants == (grant_of("viewer"),)
    theirs = known_through(store, "https://login.example.com", "7", "Ana", (grant_of("planner"),))
    assert known_through(store, "https://login.example.com", "7", "Ana", (grant_of("viewer"),)).step == theirs.step + 1
    with pytest.raises(ConflictError, match="groups"):
        change_grants(store, theirs.id, (grant_of("admin"),), "test")
    assert isinstance(sign_in_through_provider(store, theirs.id, "s9"), SignedIn)
    assert isinstance(sign_in(store, SignIn(theirs.id, "right", "192.0.2.1", "s1"), verify), Refused)
    with pytest.raises(UnknownPersonError):
        change_grants(store, "nobody", (), "test")


def test_a_sign_in_through_the_provider_is_used_up_by_its_first_answer(store: Store) -> None:
    begin_provider_sign_in(store, "state", "https://x/callback", "/")
    answers = together(lambda _: take_provider_sign_in(store, ("other", "state")), 4)
    assert sum(answer is not None for answer in answers) == 1


def test_what_still_counts_is_not_forgotten(store: Store) -> None:
    person(store)
    attempt(store, "wrong")
    attempt(store)
    begin_provider_sign_in(store, "state", "https://x/callback", "/")
    before = (kept(store, TRIES), kept(store, SESSIONS))
    assert forget_expired(store) == 0
    assert (kept(store, TRIES), kept(store, SESSIONS)) == before


@pytest.mark.parametrize("days", [0, -1, 731])
def test_a_key_lives_between_a_moment_and_two_years(days: int, memory: Store) -> None:
    with pytest.raises(ValueError, match="key"):
        key(memory, lives=timedelta(days=days))
    assert kept(memory, KEYS) == []
