"""A canary is a person whose postal code, marks and e-mail stand nowhere else: after the erasure, they stand nowhere at all."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
from tests.operations.test_route_order import ONE, put
from tests.routing.brand import NOW, compiled, network, order

from evenstock.domain import Order, OrderId, Outcome, ShipTo
from evenstock.domain.canonical import digest_of
from evenstock.operations.audit.audited_store import AuditedStore
from evenstock.operations.audit.checkpoint import seal
from evenstock.operations.audit.rows import audit_of
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.outbound.deliveries import fan_out
from evenstock.operations.outbound.subscriptions import Subscription, subscribe
from evenstock.operations.personal_data.books import is_thinned, personal_of
from evenstock.operations.personal_data.erasing import (
    StillNeededError,
    UnknownPersonError,
    certificate_of,
    erase_person,
)
from evenstock.operations.personal_data.holds import NotHeldError, hold, lift
from evenstock.operations.personal_data.retention import forget_due
from evenstock.operations.personal_data.rules import LeavesError, Rule, out_of_place, set_place, set_rule
from evenstock.operations.personal_data.showing import export_person, orders_speaking_of, show_person
from evenstock.operations.ports import ConflictError, Handling, Received, Store, StoreError
from evenstock.operations.replaying.replay_one import Replayer, asked_of
from evenstock.operations.reservations import void_reservation
from evenstock.operations.route_order import route_order
from evenstock.operations.standing import cancel_units
from evenstock.storage import open_store
from evenstock.storage.audit_evidence.pack import write_pack
from evenstock.storage.audit_evidence.verify import verify
from evenstock.storage.audit_folder import AuditFolder
from evenstock.storage.personal_key import MasterKeys, add_key, drop_keys, open_keys
from evenstock.storage.personal_opening import begin_anew, seal_with
from evenstock.storage.personal_upkeep import clear_traces, destroy_old_keys, rewrap, seal_older
from evenstock.storage.snapshots import SnapshotFolder

NETWORK = network()
POLICY = compiled(NETWORK)
CODE = "96799"
"""Of an island that no carrier of the brand reaches: the record of the decision names it."""
EMAIL = "canary@example.org"
MARK = "for-aunt-canary"
CANARIES = [CODE, EMAIL, MARK]
LATER = NOW + timedelta(days=10)


@dataclass
class Shop:
    store: Store
    snapshots: SnapshotFolder
    url: str
    folder: Path

    def erase(self, name: str = "A-1") -> None:
        erase_person(self.store, self.snapshots, OrderId(name), "ana", "the customer asked", LATER)

    def bytes(self) -> bytes:
        """Everything that lies in the database, and in the folders beside it but the master keys."""
        found = b"".join(path.read_bytes() for path in sorted(self.folder.rglob("*")) if path.is_file())
        if self.url.startswith("postgresql"):
            dumped = subprocess.run(["pg_dump", "--inserts", self.url], capture_output=True, check=True, env=os.environ)
            found += dumped.stdout
        return found


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    match request.param:
        case "memory":
            url = "memory:"
        case "sqlite":
            url = f"sqlite:///{tmp_path / 'home' / 'books.db'}"
        case _:
            url = request.getfixturevalue("postgres_url")
    (tmp_path / "home").mkdir()
    inner = open_store(url)
    seal_with(inner, tmp_path / "keys" / "master-keys")
    shop = Shop(AuditedStore(inner), SnapshotFolder(tmp_path / "home" / "snapshots"), url, tmp_path / "home")
    put(shop.store, {(ONE, node.id): 50 for node in NETWORK.nodes})
    yield shop
    shop.store.close()


def bought(shop: Shop, name: str = "A-1", code: str = CODE, country: str = "US") -> Order:
    """An order of the canary, as a webhook brings it and as it is routed."""
    asked = order((ONE, 1), name=name)
    asked = replace(asked, ship_to=ShipTo(code, country), tags=frozenset({MARK}))
    body = {"specversion": "1.0", "data": {"id": name, "customer": {"email": EMAIL}, "ship_to": {"postal_code": code}}}
    event = Received("shop", f"E-{name}", "order.created", f"order:{name}", NOW, json.dumps(body).encode())
    with shop.store.transaction() as books:
        books.receive([event], NOW)
        (claimed,) = books.claim_received(NOW, 1)
        assert EMAIL.encode() in claimed.body
        books.handled(claimed, Handling.DONE, NOW, "routed")
    return asked


def route(shop: Shop, asked: Order, *, shadow: bool = False) -> Outcome:
    return route_order(shop.store, NETWORK, POLICY, RouteOrder(asked, NOW, shadow)).record.outcome


def closed(shop: Shop, name: str = "A-1") -> None:
    """Cancelled: nothing of it waits."""
    with shop.store.transaction() as books:
        kept = books.order(OrderId(name))
        assert kept is not None
        for case in books.cases(about=f"order:{name}"):
            if case.closed_at is None:
                books.change_case(case.step, case.closed(NOW, "ana", f"the customer of {CODE} gave up"))
        cancel_units(books, OrderId(name), {line.id: line.units for line in kept.lines}, "the customer gave up", NOW)
    with shop.store.reading() as books:
        made = books.reservations_of(OrderId(name))
    for one in made:
        void_reservation(shop.store, one.id, NOW, "the customer gave up")


def canary(shop: Shop, name: str = "A-1") -> Order:
    asked = bought(shop, name)
    assert route(shop, asked) is Outcome.UNSERVED
    closed(shop, name)
    return asked


# --- what was written --------------------------------------------------------------------------------------------------
def test_nothing_of_a_person_is_readable_in_the_files_of_the_books(shop: Shop) -> None:
    """But facts to tell, and cases, of an order that nothing reaches: people and receivers read them."""
    asked = bought(shop, "A-2", "94105")
    assert route(shop, asked) is Outcome.EXECUTED
    with shop.store.reading() as books:
        assert books.order(OrderId("A-2")) == asked
    found = shop.bytes()
    assert not any(word.encode() in found for word in ("94105", EMAIL, MARK))


def test_what_is_sealed_reads_as_it_was_written(shop: Shop) -> None:
    asked = canary(shop)
    with shop.store.transaction() as books:
        assert books.order(asked.id) == asked
        record = books.decision_of(asked.id)
        assert record is not None
        assert CODE.encode() in record
        assert books.decisions(10) == [record]
        (done,) = books.received(Handling.DONE)
        assert EMAIL.encode() in done.body
        books.put_order(asked)
    assert route_order(shop.store, NETWORK, POLICY, RouteOrder(asked, NOW)).record.canonical() == record


def test_what_was_kept_of_a_routed_order_is_answered_again(shop: Shop) -> None:
    asked = bought(shop, "A-2", "94105")
    first = route_order(shop.store, NETWORK, POLICY, RouteOrder(asked, NOW))
    again = route_order(shop.store, NETWORK, POLICY, RouteOrder(asked, LATER))
    assert (again.repeated, again.record.canonical()) == (True, first.record.canonical())


# --- erased ------------------------------------------------------------------------------------------------------------
def test_after_an_erasure_no_canary_is_left_anywhere(shop: Shop) -> None:
    with shop.store.transaction() as books:
        subscribe(books, Subscription("hook", "https://hooks.example.com/x"))
    asked = canary(shop)
    assert fan_out(shop.store, NOW) > 0
    assert CODE.encode() in shop.bytes() or shop.url == "memory:"
    shop.erase()
    clear_traces(shop.store)
    found = shop.bytes()
    assert not any(word.encode() in found for word in CANARIES)
    with shop.store.reading() as books:
        kept = books.order(asked.id)
        assert kept is not None
        assert is_thinned(kept)
        assert (kept.lines, kept.ship_to.country) == (asked.lines, "US")
        record = books.decision_of(asked.id)
        assert record is not None
        texts = [copy.content for copy in personal_of(books).personal_copies(asked.id)]
    assert not any(word.encode() in text for text in (record, *texts) for word in CANARIES)
    assert json.loads(record)["outcome"] == "unserved"


def test_a_certificate_says_what_was_erased_where_and_not_what(shop: Shop) -> None:
    canary(shop)
    first = erase_person(shop.store, shop.snapshots, OrderId("A-1"), "ana", "the customer asked", LATER)
    places = {one["place"] for one in first.places}
    assert {"order", "decision", "received event", "fact", "case"} <= places
    assert not first.remains
    assert not any(word in json.dumps(first.document()) for word in CANARIES)
    again = erase_person(shop.store, shop.snapshots, OrderId("A-1"), "bo", "once more", LATER + timedelta(days=1))
    assert again.document() == first.document()
    with shop.store.transaction() as books:
        assert personal_of(books).erase_personal(OrderId("A-1"), LATER) == []


def test_the_audit_log_tells_of_the_erasure_and_still_verifies(shop: Shop, tmp_path: Path) -> None:
    folder = AuditFolder(tmp_path / "checkpoints", tmp_path / "signing-key")

    def wrong() -> list[str]:
        path = tmp_path / f"pack-{len(list(tmp_path.glob('*.zip')))}.zip"
        with shop.store.reading() as books, path.open("wb") as file:
            write_pack(file, audit_of(books), folder)
        return verify(str(path), folder.key.public)[0]

    canary(shop)
    seal(shop.store, folder)
    assert wrong() == []
    shop.erase()
    assert wrong() == []
    seal(shop.store, folder)
    assert wrong() == []
    with shop.store.reading() as books:
        rows = [row.said for row in audit_of(books).audit_about(["A-1"], 100)]
    deeds = [deed for row in rows for deed in json.loads(row)["deeds"]]
    (erasure,) = [deed for deed in deeds if deed["did"] == "erase"]
    certificate = certificate_of(shop.store, OrderId("A-1"))
    assert certificate is not None
    assert erasure["digest"] == certificate.digest
    assert not any(word in "".join(rows) for word in CANARIES)


def test_what_the_log_says_of_the_record_stays_true_of_its_bytes_before(shop: Shop) -> None:
    """The digest in the log is of the record as it was decided; after the erasure nobody can make those bytes again."""
    canary(shop)
    with shop.store.reading() as books:
        before = books.decision_of(OrderId("A-1"))
        said = json.loads(audit_of(books).audit_about(["A-1"], 100)[0].said)
    shop.erase()
    with shop.store.reading() as books:
        after = books.decision_of(OrderId("A-1"))
    assert before is not None
    assert after is not None
    digests = [deed["digest"] for deed in said["deeds"] if deed["did"] in {"decide", "record"}]
    assert digests == [digest_of(before)]
    assert digest_of(after) not in digests


def test_a_decision_of_somebody_forgotten_is_not_replayed(shop: Shop) -> None:
    canary(shop)
    shop.erase()
    with shop.store.reading() as books:
        record = books.decision_of(OrderId("A-1"))
        assert record is not None
        asked = asked_of(books, record)
    told = Replayer(shop.snapshots).replay(asked)
    assert not told.comparable
    assert f"erased on {LATER.date()}" in told.sentence


def test_an_order_that_was_forgotten_is_not_placed_again(shop: Shop) -> None:
    asked = canary(shop)
    shop.erase()
    with pytest.raises(ConflictError, match="other content"):
        route_order(shop.store, NETWORK, POLICY, RouteOrder(asked, LATER))


# --- not erased ----------------------------------------------------------------------------------------------------------
def test_what_is_open_is_not_erased(shop: Shop) -> None:
    asked = bought(shop, "A-2", "94105")
    route(shop, asked)
    with pytest.raises(StillNeededError, match="stock is set aside for it; ship or cancel it first"):
        shop.erase("A-2")
    other = bought(shop, "A-4")
    route(shop, other)
    with pytest.raises(StillNeededError, match="waits; answer it first"):
        shop.erase("A-4")
    with shop.store.reading() as books:
        assert books.order(asked.id) == asked
        assert books.order(other.id) == other


def test_an_event_that_waits_keeps_its_order(shop: Shop) -> None:
    canary(shop)
    event = Received("shop", "E-9", "order.held", "order:A-1", NOW, b'{"data":{}}')
    with shop.store.transaction() as books:
        books.receive([event], NOW)
    with pytest.raises(StillNeededError, match="an event about it waits"):
        shop.erase()


def test_a_legal_hold_stands_until_it_is_lifted(shop: Shop) -> None:
    asked = canary(shop)
    hold(shop.store, asked.id, "bo", "case 4711", NOW)
    assert hold(shop.store, asked.id, "ana", "another reason", LATER)["because"] == "case 4711"
    with pytest.raises(StillNeededError, match=r"legal hold .case 4711.; lift it first"):
        shop.erase()
    set_rule(shop.store, Rule("*", orders_days=1), NOW)
    assert forget_due(shop.store, shop.snapshots, LATER).erased == 0
    lift(shop.store, asked.id, "bo", LATER)
    with pytest.raises(NotHeldError):
        lift(shop.store, asked.id, "bo", LATER)
    shop.erase()


def test_nobody_is_erased_without_a_reason_and_nothing_of_an_order_that_nobody_knows(shop: Shop) -> None:
    canary(shop)
    with pytest.raises(ValueError, match="says why"):
        erase_person(shop.store, shop.snapshots, OrderId("A-1"), "ana", " ", LATER)
    with pytest.raises(UnknownPersonError):
        shop.erase("nobody's")


def test_two_who_erase_at_once_get_one_certificate(shop: Shop) -> None:
    canary(shop)
    told: list[object] = []
    ready = threading.Barrier(2)

    def erase(by: str) -> None:
        ready.wait()
        try:
            told.append(erase_person(shop.store, shop.snapshots, OrderId("A-1"), by, "asked", LATER).document())
        except BaseException as error:  # noqa: BLE001
            told.append(error)

    threads = [threading.Thread(target=erase, args=(by,)) for by in ("ana", "bo")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told[0] == told[1]
    with shop.store.reading() as books:
        deeds = [json.loads(row.said)["deeds"] for row in audit_of(books).audit_about(["A-1"], 100)]
    assert sum(deed["did"] == "erase" for one in deeds for deed in one) == 1


# --- shown ---------------------------------------------------------------------------------------------------------------
def test_an_export_is_complete_and_says_where_nothing_was_found(shop: Shop) -> None:
    asked = canary(shop)
    found = export_person(shop.store, shop.snapshots, asked.id, LATER)
    (event,) = found["books"]["received event"]
    assert event["content"]["data"]["customer"]["email"] == EMAIL
    (kept,) = found["books"]["order"]
    assert (kept["content"]["ship_to"]["postal_code"], kept["content"]["tags"]) == (CODE, [MARK])
    assert {"order", "decision", "received event", "fact", "case"} <= set(found["books"])
    assert {"webhook", "answer", "orders", "order_history"} <= set(found["nothing_found_in"])
    assert any("backups" in line for line in found["not_searched"])
    assert json.loads(json.dumps(found)) == found
    told = show_person(shop.store, shop.snapshots, asked.id)
    assert not any(word in json.dumps(told) for word in CANARIES)
    assert {one["place"] for one in told["places"]} == set(found["books"])


def test_a_person_is_found_by_what_he_is_known_by(shop: Shop) -> None:
    canary(shop)
    assert orders_speaking_of(shop.store, "CANARY@example.ORG") == {"orders": ["A-1"], "events": []}
    assert orders_speaking_of(shop.store, "nobody@example.org") == {"orders": [], "events": []}
    shop.erase()
    assert orders_speaking_of(shop.store, EMAIL) == {"orders": [], "events": []}
    with pytest.raises(ValueError, match="four signs"):
        orders_speaking_of(shop.store, "ana")


# --- rules ---------------------------------------------------------------------------------------------------------------
def test_without_a_rule_nothing_is_forgotten(shop: Shop) -> None:
    asked = canary(shop)
    assert forget_due(shop.store, shop.snapshots, NOW + timedelta(days=9_999)).erased == 0
    with shop.store.reading() as books:
        assert books.order(asked.id) == asked


def test_a_country_forgets_by_its_own_rule_some_at_a_time(shop: Shop) -> None:
    for n in range(5):
        asked = bought(shop, f"D-{n}", country="DE")
        route(shop, asked)
        closed(shop, f"D-{n}")
    canary(shop)
    set_rule(shop.store, Rule("DE", orders_days=30, because="as the shop says"), NOW)
    set_rule(shop.store, Rule("*", orders_days=400), NOW)
    at = NOW + timedelta(days=31)
    steps = [forget_due(shop.store, shop.snapshots, at, 2) for _ in range(3)]
    assert [step.erased for step in steps] == [2, 2, 1]
    assert not steps[-1].more
    with shop.store.reading() as books:
        known = [order for n in range(5) if (order := books.order(OrderId(f"D-{n}"))) and not is_thinned(order)]
        canary_kept = books.order(OrderId("A-1"))
    assert known == []
    assert canary_kept is not None
    assert not is_thinned(canary_kept)
    assert forget_due(shop.store, shop.snapshots, at, 2).erased == 0
    assert forget_due(shop.store, shop.snapshots, NOW + timedelta(days=401), 2).erased == 1


def test_what_must_stay_in_a_country_is_not_handed_out_elsewhere(shop: Shop) -> None:
    asked = bought(shop, "D-1", country="DE")
    route(shop, asked)
    closed(shop, "D-1")
    set_rule(shop.store, Rule("DE", only_in="EU", because="article 44"), NOW)
    with pytest.raises(LeavesError, match="must stay in EU, and would go to a place that was not named: article 44"):
        export_person(shop.store, shop.snapshots, asked.id, LATER)
    with pytest.raises(LeavesError, match="to US"):
        export_person(shop.store, shop.snapshots, asked.id, LATER, to="US")
    assert export_person(shop.store, shop.snapshots, asked.id, LATER, to="EU")["books"]
    with shop.store.reading() as books:
        assert out_of_place(books) == []
    set_place(shop.store, "US", "ana", NOW)
    with shop.store.reading() as books:
        (said,) = out_of_place(books)
    assert "these books lie in US" in said


@pytest.mark.parametrize("country", ["de", "DEU", ""])
def test_a_rule_is_of_a_country(country: str) -> None:
    with pytest.raises(ValueError, match="two capital letters"):
        Rule(country, orders_days=3)


# --- imported tables -------------------------------------------------------------------------------------------------------
def test_imported_tables_keep_the_area_and_older_ones_go(shop: Shop) -> None:
    canary(shop)
    rows = {"order": ["A-1", "B-1"], "line": ["1", "1"], "postal_code": [CODE, "19103"], "residential": [False, False]}
    history = pl.DataFrame(rows).with_columns(placed_at=pl.lit(NOW).dt.replace_time_zone("UTC"))
    older = shop.snapshots.take({"order_history": history.head(1)})
    newer = shop.snapshots.take({"order_history": history})
    other = shop.snapshots.take({"order_history": history.tail(1)})
    with shop.store.transaction() as books:
        books.point("order_history", newer, NOW)
    found = export_person(shop.store, shop.snapshots, OrderId("A-1"), LATER)
    assert [row["postal_code"] for row in found["tables"]["order_history"]] == [CODE]
    certificate = erase_person(shop.store, shop.snapshots, OrderId("A-1"), "ana", "asked", LATER)
    assert ([dict(one) for one in certificate.tables], certificate.older_tables) == (
        [{"table": "order_history", "rows": 1}],
        1,
    )
    with shop.store.reading() as books:
        now = books.pointer("order_history")
    assert now is not None
    assert shop.snapshots.holding("order_history") == sorted([now, other])
    assert older != now
    after = shop.snapshots.read(now)["order_history"].sort("order")
    assert after["postal_code"].to_list() == ["967", "19103"]
    assert after["placed_at"].dt.hour().to_list() == [0, NOW.hour]


def test_tables_are_gone_through_once_for_many_who_are_forgotten_by_rule(shop: Shop) -> None:
    canary(shop)
    canary(shop, "A-2")
    rows = {"order": ["A-1", "A-2"], "line": ["1", "1"], "postal_code": [CODE, CODE]}
    with shop.store.transaction() as books:
        books.point("order_history", shop.snapshots.take({"order_history": pl.DataFrame(rows)}), NOW)
    set_rule(shop.store, Rule("*", orders_days=1), NOW)
    assert forget_due(shop.store, shop.snapshots, LATER).erased == 2
    (kept,) = shop.snapshots.holding("order_history")
    assert shop.snapshots.read(kept)["order_history"]["postal_code"].to_list() == ["967", "967"]


# --- keys ------------------------------------------------------------------------------------------------------------------
@pytest.fixture(params=["sqlite", "postgres"])
def sealed(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    url = f"sqlite:///{tmp_path / 'b.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    return url, tmp_path / "keys" / "master-keys"


def opened(url: str, path: Path) -> Store:
    store = open_store(url)
    try:
        seal_with(store, path)
    except BaseException:
        store.close()
        raise
    return AuditedStore(store)


CUSTOMERS = replace(order((ONE, 1), name="A-1"), ship_to=ShipTo(CODE))


def test_a_master_key_is_changed_by_wrapping_anew(sealed: tuple[str, Path]) -> None:
    url, path = sealed
    store = opened(url, path)
    with store.transaction() as books:
        for n in range(3):
            books.put_order(replace(CUSTOMERS, id=OrderId(f"A-{n}")))
    store.close()
    assert path.stat().st_mode & 0o077 == 0
    newest = add_key(path)
    store = opened(url, path)
    assert rewrap(store) == 3
    assert rewrap(store) == 0
    store.close()
    drop_keys(path)
    store = opened(url, path)
    with store.transaction() as books:
        assert books.order(OrderId("A-2")) == replace(CUSTOMERS, id=OrderId("A-2"))
        assert books.pointer("personal.master") == newest
    store.close()


@pytest.mark.parametrize("how", ["missing", "another"])
def test_books_are_not_opened_with_the_wrong_master_key_and_nothing_is_lost(
    sealed: tuple[str, Path], how: str, tmp_path: Path
) -> None:
    url, path = sealed
    store = opened(url, path)
    with store.transaction() as books:
        books.put_order(CUSTOMERS)
    store.close()
    right = path.read_bytes()
    path.unlink()
    if how == "another":
        other = tmp_path / "other"
        MasterKeys([b"x" * 32])
        open_keys(other, make=True)
        path.write_bytes(other.read_bytes())
        path.chmod(0o600)
    with pytest.raises(StoreError, match=r"master-keys is not there|not in .*master-keys; copy the file"):
        opened(url, path)
    path.write_bytes(right)
    path.chmod(0o600)
    store = opened(url, path)
    with store.reading() as books:
        assert books.order(OrderId("A-1")) == CUSTOMERS
    store.close()


def test_lost_master_keys_are_given_up_only_on_purpose(sealed: tuple[str, Path]) -> None:
    url, path = sealed
    store = opened(url, path)
    with store.transaction() as books:
        books.put_order(CUSTOMERS)
    store.close()
    plain = open_store(url)
    with pytest.raises(StoreError, match="nothing is lost"):
        begin_anew(plain, path)
    path.unlink()
    assert begin_anew(plain, path) == 1
    plain.close()
    store = opened(url, path)
    other = replace(CUSTOMERS, id=OrderId("A-2"))
    with store.transaction() as books:
        books.put_order(other)
        assert books.order(OrderId("A-1")) is None
        assert books.order(other.id) == other
    store.close()


def test_without_its_keys_sealed_books_say_what_is_missing(sealed: tuple[str, Path]) -> None:
    url, path = sealed
    store = opened(url, path)
    with store.transaction() as books:
        books.put_order(CUSTOMERS)
    store.close()
    plain = open_store(url)
    with plain.reading() as books, pytest.raises(StoreError, match="EVENSTOCK_PERSONAL_KEY"):
        books.order(OrderId("A-1"))
    plain.close()


def test_what_was_kept_before_is_sealed_when_somebody_says_so(sealed: tuple[str, Path]) -> None:
    url, path = sealed
    plain = open_store(url)
    body = json.dumps({"data": {"customer": EMAIL}}).encode()
    with plain.transaction() as books:
        books.put_order(CUSTOMERS)
        books.receive([Received("shop", "E-1", "order.created", "order:A-1", NOW, body)], NOW)
        books.receive([Received("wms", "E-2", "stock.observed", "stock:1", NOW, b"{}")], NOW)
    plain.close()
    store = opened(url, path)
    assert seal_older(store) == (1, 1)
    assert seal_older(store) == (0, 0)
    with store.reading() as books:
        assert books.order(OrderId("A-1")) == CUSTOMERS
        assert [event.body for event in books.received(Handling.WAITING)] == [body, b"{}"]
        kept = books.connection.execute(sa.text("SELECT body FROM placed_order")).scalar()  # type: ignore[attr-defined]
    assert str(kept).startswith("sealed:1:")
    store.close()


def test_others_may_not_read_the_master_keys(tmp_path: Path) -> None:
    open_keys(tmp_path / "keys", make=True)
    (tmp_path / "keys").chmod(0o644)
    with pytest.raises(StoreError, match="chmod 600"):
        open_keys(tmp_path / "keys", make=True)


def test_keys_of_events_and_answers_are_destroyed_by_their_age(sealed: tuple[str, Path]) -> None:
    url, path = sealed
    store = opened(url, path)
    with store.transaction() as books:
        books.receive([Received("shop", "E-1", "unreadable", "", NOW, EMAIL.encode())], NOW)
        books.remember("http:ana:POST /v1/x:1", "r", b'{"body":"eA=="}', NOW)
        books.put_order(CUSTOMERS)
    assert destroy_old_keys(store, NOW) == 0
    assert destroy_old_keys(store, LATER) == 2
    with store.transaction() as books:
        assert [event.body for event in books.received(Handling.WAITING)] == [b""]
        with pytest.raises(StoreError, match="is erased"):
            books.recall("http:ana:POST /v1/x:1")
        assert books.order(OrderId("A-1")) == CUSTOMERS
    store.close()


# --- webhooks ----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("only_in", ["", "EU"])
def test_a_place_that_must_stay_is_not_told_to_subscribers(memory: Store, only_in: str) -> None:
    if only_in:
        set_rule(memory, Rule("US", only_in=only_in), NOW)
    with memory.transaction() as books:
        subscribe(books, Subscription("hook", "https://hooks.example.com/x"))
    asked = replace(order((ONE, 1)), ship_to=ShipTo(CODE))
    route_order(memory, NETWORK, POLICY, RouteOrder(asked, NOW))
    fan_out(memory, NOW)
    with memory.reading() as books:
        told = json.dumps([dict(entry.body) for entry in books.entries("delivery")])
    assert "No node reaches" in told
    assert (CODE in told) == (not only_in)
