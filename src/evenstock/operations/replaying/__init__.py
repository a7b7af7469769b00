"""Decides again what was decided, from what was kept of it: the same inputs give the same bytes, on any machine."""
