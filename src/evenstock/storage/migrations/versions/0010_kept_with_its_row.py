"""What is kept together is kept with its rows of the audit log, in one statement."""

from pathlib import Path

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None
serves = "0005"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        text = Path(__file__).with_name("0010_kept_with_its_row_postgresql.sql").read_text("utf-8")
        for statement in text.split(";;\n"):
            if statement.strip():
                op.get_bind().exec_driver_sql(statement)
