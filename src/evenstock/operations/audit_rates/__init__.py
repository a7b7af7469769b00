"""Asks carriers live what a few parcels cost, inside their quotas, and holds the answers against our rate book.

Never in a decision's path: decisions price from tables; an audit says whether those tables still tell the truth.
"""

from evenstock.operations.audit_rates.ask import Audit, as_invoices, ask
from evenstock.operations.audit_rates.keep import KeptAudits, audit_rates, kept_audits, would_audit
from evenstock.operations.audit_rates.propose import AuditPlan, Sample, propose_audit

__all__ = [
    "Audit",
    "AuditPlan",
    "KeptAudits",
    "Sample",
    "as_invoices",
    "ask",
    "audit_rates",
    "kept_audits",
    "propose_audit",
    "would_audit",
]
