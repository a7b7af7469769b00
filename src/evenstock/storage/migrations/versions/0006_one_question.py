"""What deciding about an order reads in one question, and how its answer is written down in one statement."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None
serves = "0005"


def upgrade() -> None:
    # Every order asks whether a node or a service is out: few cases say so, among all that are open.
    out = sa.text("state = 'open' AND kind IN ('carrier', 'node_down')")
    op.create_index(
        "ix_case_file_out", "case_file", ["due_at", "id"], unique=False, postgresql_where=out, sqlite_where=out
    )
    if op.get_bind().dialect.name == "postgresql":
        functions = Path(__file__).with_name("0006_one_question_postgresql.sql").read_text("utf-8")
        for statement in functions.split(";;\n"):
            if statement.strip():
                op.get_bind().exec_driver_sql(statement)
