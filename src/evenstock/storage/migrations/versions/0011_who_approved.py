"""Requests for approval and the votes on them."""

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None
serves = "0005"


def upgrade() -> None:
    """Filled in with the tables of approvals."""
