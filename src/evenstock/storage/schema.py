"""The tables of both databases, defined once.

Guards that are not tables (append-only triggers, the life of a reservation, PostgreSQL's functions) stand as SQL beside
the migration that made them.
"""

from __future__ import annotations

import sqlalchemy as sa

from evenstock.domain import (
    Bucket,
    CaseKind,
    CaseState,
    Cause,
    PlanState,
    RequestState,
    ReservationState,
    Says,
    TransferState,
)
from evenstock.operations.ports import Handling

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

MOMENT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
"""UTC. SQLite keeps RFC 3339 text to the microsecond, which sorts as time does."""
DAY = sa.Date().with_variant(sa.Text(), "sqlite")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""In SQLite a key that counts by itself must be INTEGER."""


TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""Sorted by its bytes, so that both databases and Python agree on the order of keys."""


def _text(name: str, *, key: bool = False) -> sa.Column[str]:
    return sa.Column(name, TEXT, primary_key=key, nullable=False)


def _units(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, MOMENT, nullable=nullable)


def _one_of(column: str, values: type) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value.value}'" for value in values)  # type: ignore[attr-defined]
    return sa.CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


movement = sa.Table(
    "movement",
    metadata,
    sa.Column("number", NUMBER, sa.Identity(always=True), primary_key=True),
    _text("id"),
    _text("sku"),
    _text("lot"),
    sa.Column("units", sa.BigInteger(), nullable=False),
    _text("source_node"),
    _text("source_bucket"),
    _text("source_cause"),
    _text("destination_node"),
    _text("destination_bucket"),
    _text("destination_cause"),
    _moment("occurred_at"),
    _moment("recorded_at"),
    _text("because"),
    sa.Column("reverses", TEXT),
    sa.UniqueConstraint("id"),
    sa.CheckConstraint("units > 0", name="units_positive"),
    _one_of("source_bucket", Bucket),
    _one_of("destination_bucket", Bucket),
    _one_of("source_cause", Cause),
    _one_of("destination_cause", Cause),
    sa.CheckConstraint("(source_bucket = 'outside') = (source_cause <> '')", name="source_cause_outside"),
    sa.CheckConstraint(
        "(destination_bucket = 'outside') = (destination_cause <> '')", name="destination_cause_outside"
    ),
    comment="Append-only. Balanced by construction: one row has both ends and one quantity.",
)

stock_balance = sa.Table(
    "stock_balance",
    metadata,
    _text("sku", key=True),
    _text("node", key=True),
    _text("lot", key=True),
    _units("available"),
    _units("reserved"),
    _units("allocated"),
    _units("held"),
    _units("in_transit"),
    _units("shortfall"),
    _units("buffer"),
    *(
        sa.CheckConstraint(f"{state} >= 0", name=f"{state}_not_negative")
        for state in ("available", "reserved", "allocated", "held", "in_transit", "shortfall", "buffer")
    ),
    # Room on the page for the next version of a row: these are changed by every sale.
    postgresql_with={"fillfactor": 70},
    comment="A projection of movement, which recompute_balances can rebuild; buffer is a setting.",
)

stock_observation = sa.Table(
    "stock_observation",
    metadata,
    _text("sku", key=True),
    _text("node", key=True),
    _text("lot", key=True),
    _text("source", key=True),
    sa.Column("version", sa.BigInteger(), nullable=False),
    sa.Column("units", sa.BigInteger(), nullable=False),
    _moment("observed_at"),
    sa.CheckConstraint("units >= 0", name="units_not_negative"),
    comment="The newest statement of each source about each stock.",
)

reservation = sa.Table(
    "reservation",
    metadata,
    _text("id", key=True),
    _text("order_id"),
    _moment("made_at"),
    _moment("expires_at"),
    _text("state"),
    _one_of("state", ReservationState),
    sa.CheckConstraint("expires_at > made_at", name="expires_after_made"),
    sa.Index("ix_reservation_order_id", "order_id"),
    sa.Index(
        "ix_reservation_expires_at",
        "expires_at",
        "id",
        postgresql_where=sa.text("state = 'pending'"),
        sqlite_where=sa.text("state = 'pending'"),
    ),
    comment="Pending once, then posted, voided or expired for good.",
)

reservation_line = sa.Table(
    "reservation_line",
    metadata,
    _text("reservation_id", key=True),
    _text("sku", key=True),
    _text("node", key=True),
    _text("lot", key=True),
    sa.Column("units", sa.BigInteger(), nullable=False),
    sa.CheckConstraint("units > 0", name="units_positive"),
    # No foreign key: a line is written with its reservation in one statement, neither is ever deleted, and the check
    # would be paid by every order.
    comment="What a reservation sets aside; append-only.",
)

slot = sa.Table(
    "slot",
    metadata,
    _text("node", key=True),
    sa.Column("day", DAY, primary_key=True),
    sa.Column("ceiling", sa.Integer(), nullable=False),
    sa.Column("taken", sa.Integer(), nullable=False),
    sa.CheckConstraint("taken BETWEEN 0 AND ceiling", name="taken_within_ceiling"),
    postgresql_with={"fillfactor": 70},
    comment="Places in a node's day: a quota is a row, taken under the same guard as stock.",
)

reservation_slot = sa.Table(
    "reservation_slot",
    metadata,
    _text("reservation_id", key=True),
    _text("node", key=True),
    sa.Column("day", DAY, primary_key=True),
    sa.Column("places", sa.Integer(), nullable=False),
    sa.CheckConstraint("places > 0", name="places_positive"),
    comment="What a reservation gives back when it is voided or expires.",
)

quota = sa.Table(
    "quota",
    metadata,
    _text("sku", key=True),
    _text("node", key=True),
    _text("order_class", key=True),
    sa.Column("units", sa.BigInteger(), nullable=False),
    sa.Column("taken", sa.BigInteger(), nullable=False),
    sa.CheckConstraint("taken BETWEEN 0 AND units", name="taken_within_units"),
    postgresql_with={"fillfactor": 70},
    comment="Units kept for a class of customers, over all lots of an item at a node.",
)

reservation_quota = sa.Table(
    "reservation_quota",
    metadata,
    _text("reservation_id", key=True),
    _text("sku", key=True),
    _text("node", key=True),
    _text("order_class", key=True),
    sa.Column("units", sa.BigInteger(), nullable=False),
    sa.CheckConstraint("units > 0", name="units_positive"),
    comment="What a reservation drew from its class's quotas, and gives back when it is voided or expires.",
)

placed_order = sa.Table(
    "placed_order",
    metadata,
    _text("id", key=True),
    _text("body"),
    comment="Orders as they were placed.",
)

case_file = sa.Table(
    "case_file",
    metadata,
    _text("id", key=True),
    _text("kind"),
    _text("about"),
    _text("state"),
    sa.Column("step", sa.Integer(), nullable=False),
    _moment("due_at"),
    _text("body"),
    _text("opened_as"),
    _one_of("kind", CaseKind),
    _one_of("state", CaseState),
    sa.Index(
        "ix_case_file_due_at",
        "due_at",
        "id",
        postgresql_where=sa.text("state = 'open'"),
        sqlite_where=sa.text("state = 'open'"),
    ),
    sa.Index("ix_case_file_about", "about"),
    sa.Index(
        "ix_case_file_out",
        "due_at",
        "id",
        postgresql_where=sa.text("state = 'open' AND kind IN ('carrier', 'node_down')"),
        sqlite_where=sa.text("state = 'open' AND kind IN ('carrier', 'node_down')"),
    ),
    comment="What waits for a person or a moment; opened_as is the digest of the case when it was opened.",
)

command = sa.Table(
    "command",
    metadata,
    _text("key", key=True),
    _text("request"),
    sa.Column("response", sa.LargeBinary(), nullable=False),
    _moment("answered_at"),
    comment="The answer each command got the first time, kept with its effect.",
)

inbox = sa.Table(
    "inbox",
    metadata,
    _text("source", key=True),
    _text("event", key=True),
    _moment("accepted_at"),
    comment="Events of others that were taken in, so that a second delivery has no effect.",
)

received_event = sa.Table(
    "received_event",
    metadata,
    sa.Column("number", NUMBER, sa.Identity(always=True), primary_key=True),
    _text("source"),
    _text("id"),
    _text("kind"),
    _text("subject"),
    _moment("occurred_at"),
    sa.Column("body", sa.LargeBinary(), nullable=False),
    _moment("received_at"),
    sa.Column("handling", TEXT, nullable=False, server_default=Handling.WAITING.value),
    sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
    sa.Column("because", TEXT, nullable=False, server_default=""),
    _moment("due_at"),
    _moment("handled_at", nullable=True),
    _one_of("handling", Handling),
    sa.Index("uq_received_event_source", "source", "id", unique=True),
    sa.Index(
        "ix_received_event_waiting",
        "source",
        "subject",
        "number",
        postgresql_where=sa.text("handling = 'waiting'"),
        sqlite_where=sa.text("handling = 'waiting'"),
    ),
    sa.Index("ix_received_event_handling", "handling", "number"),
    comment="Events of others, stored before they are applied, and what became of each.",
)

entry = sa.Table(
    "entry",
    metadata,
    _text("kind", key=True),
    _text("id", key=True),
    _text("body"),
    sa.Column("step", sa.Integer(), nullable=False),
    _text("state"),
    _moment("due_at", nullable=True),
    sa.Index("ix_entry_state", "kind", "state", "id"),
    sa.Index(
        "ix_entry_due_at",
        "kind",
        "due_at",
        "id",
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    ),
    comment="What the service keeps and changes step by step.",
)

lease = sa.Table(
    "lease",
    metadata,
    _text("name", key=True),
    _text("holder"),
    sa.Column("token", sa.BigInteger(), nullable=False),
    _moment("until"),
    comment="Who leads, and until when by the database's clock; the token grows with each other holder.",
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("number", NUMBER, sa.Identity(always=True), primary_key=True),
    _text("id"),
    _text("kind"),
    _text("aggregate"),
    _moment("occurred_at"),
    _text("body"),
    _moment("delivered_at", nullable=True),
    sa.UniqueConstraint("id"),
    sa.Index(
        "ix_outbox_undelivered",
        "number",
        postgresql_where=sa.text("delivered_at IS NULL"),
        sqlite_where=sa.text("delivered_at IS NULL"),
    ),
    comment="Facts to tell others: there if and only if committed.",
)

decision = sa.Table(
    "decision",
    metadata,
    sa.Column("number", NUMBER, sa.Identity(always=True), primary_key=True),
    _text("id"),
    _text("order_id"),
    _moment("decided_at"),
    sa.Column("record", sa.LargeBinary(), nullable=False),
    sa.UniqueConstraint("id"),
    sa.Index("ix_decision_order_id", "order_id", "number"),
    comment="Append-only; record holds the canonical bytes.",
)

transfer_plan = sa.Table(
    "transfer_plan",
    metadata,
    _text("id", key=True),
    _moment("made_at"),
    _text("state"),
    _text("body"),
    _one_of("state", PlanState),
    sa.Index("ix_transfer_plan_made_at", "made_at"),
)

plan_outcome = sa.Table(
    "plan_outcome",
    metadata,
    _text("plan", key=True),
    sa.Column("judged_on", DAY, nullable=False),
    _text("body"),
    comment="What the executed lines of a plan really brought; judged again, the newer one counts.",
)

transfer_order = sa.Table(
    "transfer_order",
    metadata,
    _text("id", key=True),
    _text("plan"),
    _text("origin"),
    _text("destination"),
    sa.Column("ship_by", DAY, nullable=False),
    _text("state"),
    _text("lines"),
    sa.Column("mode", TEXT, nullable=False, server_default=""),
    sa.Column("dispatched_on", DAY, nullable=True),
    sa.Column("received_on", DAY, nullable=True),
    _one_of("state", TransferState),
    sa.Index("ix_transfer_order_state", "state"),
)

price = sa.Table(
    "price",
    metadata,
    _text("sku", key=True),
    _text("node", key=True),
    sa.Column("valid_from", MOMENT, primary_key=True),
    _text("source", key=True),
    sa.Column("cents", sa.BigInteger(), nullable=False),
)

capacity_price = sa.Table(
    "capacity_price",
    metadata,
    _text("scope", key=True),
    _text("name", key=True),
    sa.Column("day", DAY, primary_key=True),
    sa.Column("valid_from", MOMENT, primary_key=True),
    _text("source", key=True),
    sa.Column("cents", sa.BigInteger(), nullable=False),
    sa.CheckConstraint(
        "scope IN ('node', 'service', 'lane', 'dock_out', 'dock_in', 'room')",
        name="scope_known",
    ),
    sa.Index("ix_capacity_price_day", "day"),
)

tries_week = sa.Table(
    "tries_week",
    metadata,
    sa.Column("week", DAY, primary_key=True),
    sa.Column("cents", sa.BigInteger(), nullable=False),
    sa.CheckConstraint("cents >= 0", name="cents_not_negative"),
    postgresql_with={"fillfactor": 70},
    comment="What orders shipped by another service on purpose have cost beyond the best plans, by Monday of the week.",
)

pointer = sa.Table(
    "pointer",
    metadata,
    _text("name", key=True),
    _text("digest"),
    _moment("set_at"),
    comment="Which snapshot a name means now.",
)

audit_row = sa.Table(
    "audit_row",
    metadata,
    sa.Column("stream", sa.SmallInteger(), primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
    _moment("at"),
    _text("about"),
    _text("said"),
    sa.Column("link", sa.LargeBinary(), nullable=False),
    sa.Index("ix_audit_row_about", "about"),
    comment="Append-only. Who changed what, in the transaction that did it; link chains the rows of a stream.",
)

audit_head = sa.Table(
    "audit_head",
    metadata,
    sa.Column("stream", sa.SmallInteger(), primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger(), nullable=False),
    sa.Column("link", sa.LargeBinary(), nullable=False),
    postgresql_with={"fillfactor": 20},
    comment="The last row of each stream; it only moves forward.",
)

_LIVE = sa.text("state IN ('open', 'approved')")

approval_request = sa.Table(
    "approval_request",
    metadata,
    _text("id", key=True),
    _text("action"),
    _text("about"),
    _text("digest"),
    _text("proposer"),
    _text("role"),
    sa.Column("cents", sa.BigInteger(), nullable=False),
    sa.Column("people", sa.Integer(), nullable=False),
    _moment("opened_at"),
    _moment("due_at"),
    _moment("expires_at"),
    _text("state"),
    _text("escalated_to"),
    _moment("closed_at", nullable=True),
    _text("body"),
    sa.CheckConstraint("cents >= 0", name="cents_not_negative"),
    sa.CheckConstraint("people > 0", name="people_positive"),
    sa.CheckConstraint("expires_at > opened_at", name="expires_after_opened"),
    sa.CheckConstraint("proposer <> ''", name="proposer_named"),
    _one_of("state", RequestState),
    sa.Index("uq_approval_request_about", "about", unique=True, postgresql_where=_LIVE, sqlite_where=_LIVE),
    sa.Index("ix_approval_request_due_at", "due_at", "id", postgresql_where=_LIVE, sqlite_where=_LIVE),
    comment="What waits for people to agree; open, then approved and executed once, or closed otherwise for good.",
)

approval_vote = sa.Table(
    "approval_vote",
    metadata,
    _text("request", key=True),
    _text("person", key=True),
    _text("voter"),
    _text("says"),
    _text("digest"),
    _text("because"),
    _moment("at"),
    sa.UniqueConstraint("request", "voter"),
    sa.ForeignKeyConstraint(["request"], ["approval_request.id"]),
    _one_of("says", Says),
    sa.CheckConstraint("substr(person, 1, 7) = 'person:' AND substr(voter, 1, 7) = 'person:'", name="people_alone"),
    comment="Append-only. One of each person: for himself, or as the one to whom another delegated.",
)

personal_key = sa.Table(
    "personal_key",
    metadata,
    _text("subject", key=True),
    _text("id", key=True),
    _text("country"),
    _moment("made_at"),
    _text("master"),
    sa.Column("wrapped", sa.LargeBinary(), nullable=False),
    _moment("erased_at", nullable=True),
    sa.Index(
        "ix_personal_key_made_at",
        "made_at",
        postgresql_where=sa.text("erased_at IS NULL"),
        sqlite_where=sa.text("erased_at IS NULL"),
    ),
    comment="Keys of persons, each wrapped by a master key; an erased one is empty and stays, so that it is known when.",
)
