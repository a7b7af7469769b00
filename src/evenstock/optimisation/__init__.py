"""Linear and whole-number programs in arrays, solved by HiGHS: the one place that knows the solver."""

from evenstock.optimisation.program import Answer, Program, Status
from evenstock.optimisation.session import Session

__all__ = ["Answer", "Program", "Session", "Status"]
