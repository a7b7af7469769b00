"""Requests for approval and the votes on them."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None
serves = "0005"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
LIVE = sa.text("state IN ('open', 'approved')")


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, TEXT, nullable=False) for name in names]


def upgrade() -> None:
    op.create_table(
        "approval_request",
        *_texts("id", "action", "about", "digest", "proposer", "role"),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        *_texts("state", "escalated_to"),
        sa.Column("closed_at", MOMENT, nullable=True),
        *_texts("body"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_request")),
        sa.CheckConstraint("cents >= 0", name=op.f("ck_approval_request_cents_not_negative")),
        sa.CheckConstraint("people > 0", name=op.f("ck_approval_request_people_positive")),
        sa.CheckConstraint("expires_at > opened_at", name=op.f("ck_approval_request_expires_after_opened")),
        sa.CheckConstraint("proposer <> ''", name=op.f("ck_approval_request_proposer_named")),
        sa.CheckConstraint(
            "state IN ('open', 'approved', 'refused', 'expired', 'voided', 'executed')",
            name=op.f("ck_approval_request_state_known"),
        ),
        comment="What waits for people to agree; open, then approved and executed once, or closed otherwise for good.",
    )
    op.create_index(
        "uq_approval_request_about",
        "approval_request",
        ["about"],
        unique=True,
        postgresql_where=LIVE,
        sqlite_where=LIVE,
    )
    op.create_index(
        "ix_approval_request_due_at", "approval_request", ["due_at", "id"], postgresql_where=LIVE, sqlite_where=LIVE
    )
    op.create_table(
        "approval_vote",
        *_texts("request", "person", "voter", "says", "digest", "because"),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("request", "person", name=op.f("pk_approval_vote")),
        sa.UniqueConstraint("request", "voter", name=op.f("uq_approval_vote_request")),
        sa.ForeignKeyConstraint(["request"], ["approval_request.id"], name=op.f("fk_approval_vote_request")),
        sa.CheckConstraint("says IN ('approve', 'refuse')", name=op.f("ck_approval_vote_says_known")),
        sa.CheckConstraint(
            "substr(person, 1, 7) = 'person:' AND substr(voter, 1, 7) = 'person:'",
            name=op.f("ck_approval_vote_people_alone"),
        ),
        comment="Append-only. One of each person: for himself, or as the one to whom another delegated.",
    )
    guards = Path(__file__).with_name(f"0011_who_approved_{op.get_bind().dialect.name}.sql").read_text("utf-8")
    for statement in guards.split(";;\n"):
        if statement.strip():
            op.get_bind().exec_driver_sql(statement)
