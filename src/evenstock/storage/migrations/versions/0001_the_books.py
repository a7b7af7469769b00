"""The books: ledger, reservations, records, plans."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
DAY = sa.Date().with_variant(sa.Text(), "sqlite")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _ledger()
    _reservations()
    _records()
    _plans()
    guards = Path(__file__).with_name(f"0001_guards_{op.get_bind().dialect.name}.sql").read_text("utf-8")
    for statement in guards.split(";;\n"):
        if statement.strip():
            op.get_bind().exec_driver_sql(statement)


def _ledger() -> None:
    op.create_table(
        "movement",
        sa.Column("number", NUMBER, sa.Identity(always=True), nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("sku", TEXT, nullable=False),
        sa.Column("lot", TEXT, nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("source_node", TEXT, nullable=False),
        sa.Column("source_bucket", TEXT, nullable=False),
        sa.Column("source_cause", TEXT, nullable=False),
        sa.Column("destination_node", TEXT, nullable=False),
        sa.Column("destination_bucket", TEXT, nullable=False),
        sa.Column("destination_cause", TEXT, nullable=False),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("because", TEXT, nullable=False),
        sa.Column("reverses", TEXT, nullable=True),
        sa.CheckConstraint(
            "(destination_bucket = 'outside') = (destination_cause <> '')",
            name=op.f("ck_movement_destination_cause_outside"),
        ),
        sa.CheckConstraint(
            "(source_bucket = 'outside') = (source_cause <> '')", name=op.f("ck_movement_source_cause_outside")
        ),
        sa.CheckConstraint(
            "destination_bucket IN ('available', 'reserved', 'allocated', 'held', 'in_transit', 'outside', 'shortfall')",
            name=op.f("ck_movement_destination_bucket_known"),
        ),
        sa.CheckConstraint(
            "destination_cause IN ('', 'opening', 'supplier', 'customer', 'return', 'count', 'damage', 'lost')",
            name=op.f("ck_movement_destination_cause_known"),
        ),
        sa.CheckConstraint(
            "source_bucket IN ('available', 'reserved', 'allocated', 'held', 'in_transit', 'outside', 'shortfall')",
            name=op.f("ck_movement_source_bucket_known"),
        ),
        sa.CheckConstraint(
            "source_cause IN ('', 'opening', 'supplier', 'customer', 'return', 'count', 'damage', 'lost')",
            name=op.f("ck_movement_source_cause_known"),
        ),
        sa.CheckConstraint("units > 0", name=op.f("ck_movement_units_positive")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_movement")),
        sa.UniqueConstraint("id", name=op.f("uq_movement_id")),
        comment="Append-only. Balanced by construction: one row has both ends and one quantity.",
    )
    op.create_table(
        "stock_balance",
        sa.Column("sku", TEXT, nullable=False),
        sa.Column("node", TEXT, nullable=False),
        sa.Column("lot", TEXT, nullable=False),
        sa.Column("available", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reserved", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("allocated", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("held", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("in_transit", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("shortfall", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("buffer", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("allocated >= 0", name=op.f("ck_stock_balance_allocated_not_negative")),
        sa.CheckConstraint("available >= 0", name=op.f("ck_stock_balance_available_not_negative")),
        sa.CheckConstraint("buffer >= 0", name=op.f("ck_stock_balance_buffer_not_negative")),
        sa.CheckConstraint("held >= 0", name=op.f("ck_stock_balance_held_not_negative")),
        sa.CheckConstraint("in_transit >= 0", name=op.f("ck_stock_balance_in_transit_not_negative")),
        sa.CheckConstraint("reserved >= 0", name=op.f("ck_stock_balance_reserved_not_negative")),
        sa.CheckConstraint("shortfall >= 0", name=op.f("ck_stock_balance_shortfall_not_negative")),
        sa.PrimaryKeyConstraint("sku", "node", "lot", name=op.f("pk_stock_balance")),
        comment="A projection of movement, which recompute_balances can rebuild; buffer is a setting.",
        postgresql_with={"fillfactor": 70},
    )
    op.create_table(
        "stock_observation",
        sa.Column("sku", TEXT, nullable=False),
        sa.Column("node", TEXT, nullable=False),
        sa.Column("lot", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("observed_at", MOMENT, nullable=False),
        sa.CheckConstraint("units >= 0", name=op.f("ck_stock_observation_units_not_negative")),
        sa.PrimaryKeyConstraint("sku", "node", "lot", "source", name=op.f("pk_stock_observation")),
        comment="The newest statement of each source about each stock.",
    )


def _reservations() -> None:
    op.create_table(
        "reservation",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("order_id", TEXT, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.CheckConstraint(
            "state IN ('pending', 'posted', 'voided', 'expired')", name=op.f("ck_reservation_state_known")
        ),
        sa.CheckConstraint("expires_at > made_at", name=op.f("ck_reservation_expires_after_made")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reservation")),
        comment="Pending once, then posted, voided or expired for good.",
    )
    op.create_index(
        "ix_reservation_expires_at",
        "reservation",
        ["expires_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'pending'"),
        sqlite_where=sa.text("state = 'pending'"),
    )
    op.create_index("ix_reservation_order_id", "reservation", ["order_id"], unique=False)
    op.create_table(
        "reservation_line",
        sa.Column("reservation_id", TEXT, nullable=False),
        sa.Column("sku", TEXT, nullable=False),
        sa.Column("node", TEXT, nullable=False),
        sa.Column("lot", TEXT, nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("units > 0", name=op.f("ck_reservation_line_units_positive")),
        sa.PrimaryKeyConstraint("reservation_id", "sku", "node", "lot", name=op.f("pk_reservation_line")),
        comment="What a reservation sets aside; append-only.",
    )
    op.create_table(
        "slot",
        sa.Column("node", TEXT, nullable=False),
        sa.Column("day", DAY, nullable=False),
        sa.Column("ceiling", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.CheckConstraint("taken BETWEEN 0 AND ceiling", name=op.f("ck_slot_taken_within_ceiling")),
        sa.PrimaryKeyConstraint("node", "day", name=op.f("pk_slot")),
        comment="Places in a node's day: a quota is a row, taken under the same guard as stock.",
        postgresql_with={"fillfactor": 70},
    )
    op.create_table(
        "reservation_slot",
        sa.Column("reservation_id", TEXT, nullable=False),
        sa.Column("node", TEXT, nullable=False),
        sa.Column("day", DAY, nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.CheckConstraint("places > 0", name=op.f("ck_reservation_slot_places_positive")),
        sa.PrimaryKeyConstraint("reservation_id", "node", "day", name=op.f("pk_reservation_slot")),
        comment="What a reservation gives back when it is voided or expires.",
    )


def _records() -> None:
    op.create_table(
        "command",
        sa.Column("key", TEXT, nullable=False),
        sa.Column("request", TEXT, nullable=False),
        sa.Column("response", sa.LargeBinary(), nullable=False),
        sa.Column("answered_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_command")),
        comment="The answer each command got the first time, kept with its effect.",
    )
    op.create_table(
        "inbox",
        sa.Column("source", TEXT, nullable=False),
        sa.Column("event", TEXT, nullable=False),
        sa.Column("accepted_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("source", "event", name=op.f("pk_inbox")),
        comment="Events of others that were taken in, so that a second delivery has no effect.",
    )
    op.create_table(
        "outbox",
        sa.Column("number", NUMBER, sa.Identity(always=True), nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("aggregate", TEXT, nullable=False),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("delivered_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_outbox")),
        sa.UniqueConstraint("id", name=op.f("uq_outbox_id")),
        comment="Facts to tell others: there if and only if committed.",
    )
    op.create_index(
        "ix_outbox_undelivered",
        "outbox",
        ["number"],
        unique=False,
        postgresql_where=sa.text("delivered_at IS NULL"),
        sqlite_where=sa.text("delivered_at IS NULL"),
    )
    op.create_table(
        "decision",
        sa.Column("number", NUMBER, sa.Identity(always=True), nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("order_id", TEXT, nullable=False),
        sa.Column("decided_at", MOMENT, nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_decision")),
        sa.UniqueConstraint("id", name=op.f("uq_decision_id")),
        comment="Append-only; record holds the canonical bytes.",
    )
    op.create_index("ix_decision_order_id", "decision", ["order_id", "number"], unique=False)


def _plans() -> None:
    op.create_table(
        "transfer_plan",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.CheckConstraint(
            "state IN ('proposed', 'approved', 'rejected', 'superseded')", name=op.f("ck_transfer_plan_state_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer_plan")),
    )
    op.create_index("ix_transfer_plan_made_at", "transfer_plan", ["made_at"], unique=False)
    op.create_table(
        "transfer_order",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("plan", TEXT, nullable=False),
        sa.Column("origin", TEXT, nullable=False),
        sa.Column("destination", TEXT, nullable=False),
        sa.Column("ship_by", DAY, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("lines", TEXT, nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'released', 'dispatched', 'received', 'closed', 'cancelled')",
            name=op.f("ck_transfer_order_state_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer_order")),
    )
    op.create_index("ix_transfer_order_state", "transfer_order", ["state"], unique=False)
    op.create_table(
        "price",
        sa.Column("sku", TEXT, nullable=False),
        sa.Column("node", TEXT, nullable=False),
        sa.Column("valid_from", MOMENT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sku", "node", "valid_from", "source", name=op.f("pk_price")),
    )
    op.create_table(
        "pointer",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("set_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_pointer")),
        comment="Which snapshot a name means now.",
    )
