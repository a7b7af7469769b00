"""The audit log: a row for everything that changed, chained in a few streams."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None
serves = "0005"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "audit_row",
        sa.Column("stream", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("about", TEXT, nullable=False),
        sa.Column("said", TEXT, nullable=False),
        sa.Column("link", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("stream", "number", name=op.f("pk_audit_row")),
        comment="Append-only. Who changed what, in the transaction that did it; link chains the rows of a stream.",
    )
    op.create_index("ix_audit_row_about", "audit_row", ["about"], unique=False)
    head = op.create_table(
        "audit_head",
        sa.Column("stream", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("link", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("stream", name=op.f("pk_audit_head")),
        postgresql_with={"fillfactor": 20},
        comment="The last row of each stream; it only moves forward.",
    )
    op.bulk_insert(head, [{"stream": stream, "number": 0, "link": bytes(32)} for stream in range(16)])
    guards = Path(__file__).with_name(f"0009_what_was_done_{op.get_bind().dialect.name}.sql").read_text("utf-8")
    for statement in guards.split(";;\n"):
        if statement.strip():
            op.get_bind().exec_driver_sql(statement)
