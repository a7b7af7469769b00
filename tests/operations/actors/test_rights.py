"""A key has less right than its owner: where it is made, where it is rotated, and at every request after that."""

from __future__ import annotations

from datetime import timedelta

import pytest

from evenstock.domain import NodeId
from evenstock.operations.access.actions import Action
from evenstock.operations.access.add_person import AddPerson, add_person
from evenstock.operations.access.change_grants import change_grants
from evenstock.operations.access.grants import grant_of
from evenstock.operations.access.issue_key import IssueKey, Minted, issue_key
from evenstock.operations.access.limits import ANSWERS, BY_NAME, OverLimitError
from evenstock.operations.access.principal import Grant, Kind, Principal, Role
from evenstock.operations.access.rights import WITHIN, BeyondOwnerError, require_less, within
from evenstock.operations.access.rotate_key import rotate_key
from evenstock.operations.ports import Store
from evenstock.operations.schedule.keeping import CHANGES
from evenstock.service.access.permissions import BEYOND_OWNER, Permissions

ANA = "ana@example.com"
YEAR = timedelta(days=365)
WHERE = {"TX": "US", "PA": "US", "BER": "DE"}


@pytest.fixture(scope="module")
def permissions() -> Permissions:
    return Permissions()


def grants(*texts: str) -> tuple[Grant, ...]:
    return tuple(map(grant_of, texts))


def person(store: Store, *roles: str) -> None:
    add_person(store, AddPerson(ANA, "Ana", grants(*roles), "hash", "test"))


def key(store: Store, *roles: str, name: str = "ek_0000000001") -> None:
    issue_key(store, IssueKey("shop", grants(*roles), "test", YEAR, owner=ANA), Minted(name, "d" * 64))


def test_the_table_of_roles_says_what_the_policies_say(permissions: Permissions) -> None:
    """A role lies within another if and only if all that it lets a key do, the other lets it do: everywhere and at a node."""

    def able(role: Role, place: str, action: Action) -> bool:
        kind = Kind.AGENT if role is Role.AGENT else Kind.INTEGRATION
        found = permissions.found(Principal("k", kind, grants(f"{role}{place}")), action, dict)
        return found.anywhere

    for role, owners in WITHIN.items():
        kind = Kind.AGENT if role is Role.AGENT else Kind.INTEGRATION
        for owner in Role:
            less = all(
                permissions.found(Principal("o", kind, grants(f"{owner}{place}")), action, dict).anywhere
                for place in ("", "@TX")
                for action in Action
                if able(role, place, action)
            )
            assert (owner in owners) == less, (role, owner)


def test_who_may_change_the_schedule_is_what_the_policies_say(permissions: Permissions) -> None:
    assert set(permissions.roles_of[Action.SCHEDULE_CHANGE]) == CHANGES


@pytest.mark.parametrize(
    ("own", "owners", "fits"),
    [
        (["viewer"], ["planner"], True),
        (["viewer"], ["planner@TX"], False),
        (["viewer@TX"], ["planner@TX+PA"], True),
        (["viewer@TX+BER"], ["planner@TX"], False),
        (["viewer@BER"], ["planner@country:DE"], True),
        (["viewer@country:DE"], ["planner@BER"], False),
        (["viewer@TX+BER"], ["planner@TX", "viewer@country:DE"], True),
        (["approver<=500"], ["approver<=500"], True),
        (["approver<=501"], ["approver<=500"], False),
        (["approver"], ["approver<=500"], False),
        (["approver"], ["approver<=500", "planner"], True),  # a planner answers cases without a limit
        (["integration#shopify"], ["integration"], True),
        (["integration"], ["integration#shopify"], False),
        (["integration#shopify"], ["integration#ebay"], False),
        (["admin"], ["planner", "viewer"], False),
        (["integration"], ["planner"], False),
    ],
)
def test_a_grant_lies_within_the_owners_place_by_place(own: list[str], owners: list[str], fits: bool) -> None:
    assert all(within(one, grants(*owners), lambda: WHERE) for one in grants(*own)) == fits


def test_an_agent_is_never_equal_to_its_owner() -> None:
    for own, owners in (("agent", "agent"), ("agent@TX", "agent@TX")):
        with pytest.raises(BeyondOwnerError, match="all the right of its owner"):
            require_less(grants(own), grants(owners), Kind.AGENT, ANA)
    require_less(grants("agent@TX"), grants("agent@TX+PA"), Kind.AGENT, ANA)
    require_less(grants("agent"), grants("planner"), Kind.AGENT, ANA)
    # A program of a person who only reads may read as he does: it never approves, and has no session.
    require_less(grants("viewer"), grants("viewer"), Kind.INTEGRATION, ANA)


def test_a_key_beyond_its_owner_is_not_issued(store: Store) -> None:
    person(store, "planner@TX")
    with pytest.raises(BeyondOwnerError, match=r"planner is more than ana@example\.com may do"):
        key(store, "planner")
    with store.reading() as books:
        assert books.entries("api_key") == []
    key(store, "node_operator@TX")


def test_a_key_is_not_rotated_to_more_than_its_owner_may_by_then(store: Store) -> None:
    person(store, "planner")
    key(store, "node_operator@TX")
    change_grants(store, ANA, grants("viewer"), "test")
    with pytest.raises(BeyondOwnerError, match="node_operator@TX is more"):
        rotate_key(store, "ek_0000000001", Minted("ek_0000000002", "e" * 64), "test", overlap=timedelta(), lives=YEAR)


def test_in_each_place_both_must_let_it(permissions: Permissions) -> None:
    def nodes(own: str, owners: str, action: Action = Action.STOCK_READ) -> object:
        caller = Principal("k", Kind.INTEGRATION, grants(own), within=grants(owners))
        found = permissions.found(caller, action, lambda: WHERE)
        return found.nodes if found.anywhere else found.forbidden_by

    assert nodes("viewer", "planner") is None
    assert nodes("viewer", "planner@TX+PA") == {"TX", "PA"}
    assert nodes("viewer@TX+BER", "planner@country:DE") == {"BER"}
    assert nodes("viewer@TX", "planner@PA") == (BEYOND_OWNER,)
    assert nodes("viewer", "admin") == (BEYOND_OWNER,)
    assert nodes("integration", "integration#shopify", Action.EVENTS_INGEST) is None
    assert nodes("integration", "integration#shopify") == (BEYOND_OWNER,)


def test_a_key_decides_about_no_more_money_than_its_owner(store: Store) -> None:
    person(store, "approver<=500")
    key(store, "approver<=500")
    change_grants(store, ANA, grants("approver<=200"), "test")
    with store.reading() as books:
        BY_NAME.require(books, "key:ek_0000000001", ANSWERS, 200, [NodeId("TX")], "it")
        with pytest.raises(OverLimitError, match=r"up to 2\.00"):
            BY_NAME.require(books, "key:ek_0000000001", ANSWERS, 201, [NodeId("TX")], "it")
