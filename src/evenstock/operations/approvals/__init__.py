"""What people must agree to before it is done: asked for, voted on, carried out once, or closed without effect."""

from evenstock.operations.approvals.asking import Ask, open_request, void_request
from evenstock.operations.approvals.requiring import NotApprovedError, approved_by, require_approved
from evenstock.operations.approvals.voting import Voted, vote

__all__ = [
    "Ask",
    "NotApprovedError",
    "Voted",
    "approved_by",
    "open_request",
    "require_approved",
    "void_request",
    "vote",
]
