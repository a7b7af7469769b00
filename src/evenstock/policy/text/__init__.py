"""Policies as text that people write: `parse` reads it, `write` writes it, and what is written reads back the same."""

from evenstock.policy.text.parse import PolicyText, parse, read
from evenstock.policy.text.problem import PolicyTextError, Problem
from evenstock.policy.text.write import UNNAMED, canonical, phrase_of, write

__all__ = ["UNNAMED", "PolicyText", "PolicyTextError", "Problem", "canonical", "parse", "phrase_of", "read", "write"]
