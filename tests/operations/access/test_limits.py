"""A limit in money holds whoever decides, however he comes in: by his account, his key, or the command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from evenstock.domain import NodeId
from evenstock.operations.access.add_person import AddPerson, add_person
from evenstock.operations.access.api_key import ApiKey, entry_of
from evenstock.operations.access.grants import grant_of
from evenstock.operations.access.limits import ANSWERS, APPROVES, BY_NAME, Limits, OverLimitError
from evenstock.storage.memory import MemoryStore

NOW = datetime(2026, 11, 20, 14, tzinfo=UTC)
TX, PA, BERLIN = NodeId("TX"), NodeId("PA"), NodeId("BER")
WHERE = {TX: "US", PA: "US", BERLIN: "DE"}


def most(*grants: str, nodes: tuple[NodeId, ...] = (TX,), roles=ANSWERS) -> int | None:
    """The limit that refuses a million; None where nothing does."""
    limits = Limits(tuple(map(grant_of, grants)), lambda: WHERE)
    with MemoryStore().reading() as books:
        try:
            limits.require(books, "person:ana", roles, 100_000_000, nodes, "it")
        except OverLimitError as refused:
            limits.require(books, "person:ana", roles, refused.limit_cents, nodes, "it")
            with pytest.raises(OverLimitError):
                limits.require(books, "person:ana", roles, refused.limit_cents + 1, nodes, "it")
            return refused.limit_cents
    return None


@pytest.mark.parametrize(
    ("grants", "limit"),
    [
        (["approver"], None),
        (["approver<=500"], 500),
        (["approver<=0"], 0),
        (["approver<=500", "approver<=900"], 900),
        (["approver<=500", "approver"], None),
        (["approver<=500", "planner"], None),  # a planner answers without a limit: rights add up
        (["approver<=500", "viewer", "admin"], 500),  # neither answers anything
        (["viewer<=5"], None),
        ([], None),  # whether he may at all is asked before
    ],
)
def test_rights_add_up(grants: list[str], limit: int | None) -> None:
    assert most(*grants) == limit


def test_only_roles_that_permit_it_count() -> None:
    assert most("approver<=500", "planner", roles=APPROVES) == 500


def test_every_node_must_be_within_the_grant_that_holds_there() -> None:
    grants = ("approver@TX<=500", "approver@PA<=900")
    assert (most(*grants), most(*grants, nodes=(PA,)), most(*grants, nodes=(PA, TX))) == (500, 900, 500)
    assert most("approver@country:DE<=70", "approver@country:US<=500", nodes=(TX,)) == 500
    assert most("approver@country:DE<=70", "approver@country:US<=500", nodes=(TX, BERLIN)) == 70


def test_a_node_that_no_grant_names_is_no_way_round() -> None:
    assert most("approver@TX<=500", nodes=(BERLIN,)) == 500
    assert most("approver@TX<=500", nodes=()) == 500


def test_the_sentence_names_the_money_and_the_place() -> None:
    with (
        MemoryStore().reading() as books,
        pytest.raises(
            OverLimitError, match=r"^plan p1 is worth 1,234\.56; you may approve up to 1,000\.00 at TX$"
        ) as told,
    ):
        Limits((grant_of("approver<=100000"),)).require(books, "x", APPROVES, 123_456, [TX], "plan p1")
    assert (told.value.cents, told.value.limit_cents, told.value.node) == (123_456, 100_000, "TX")


@pytest.mark.parametrize("by", ["person:ana@example.com", "ana@example.com", " Ana@Example.COM"])
def test_who_is_only_named_is_held_to_his_accounts_limit(by: str) -> None:
    store = MemoryStore()
    add_person(store, AddPerson("ana@example.com", "Ana", (grant_of("approver<=500"),), "", "a test"))
    with store.reading() as books:
        BY_NAME.require(books, by, ANSWERS, 500, [TX], "it")
        with pytest.raises(OverLimitError):
            BY_NAME.require(books, by, ANSWERS, 501, [TX], "it")
        BY_NAME.require(books, "Ben", ANSWERS, 501, [TX], "it")  # nobody here goes by that name


def test_a_key_is_held_to_its_own() -> None:
    store = MemoryStore()
    key = ApiKey("ek_0123456789", "d", "n", (grant_of("approver<=500"),), "ana", NOW, NOW + timedelta(days=1))
    with store.transaction() as books:
        books.enter(entry_of(key))
        with pytest.raises(OverLimitError):
            BY_NAME.require(books, "key:ek_0123456789", ANSWERS, 501, [TX], "it")
        BY_NAME.require(books, "key:ek_none", ANSWERS, 501, [TX], "it")
