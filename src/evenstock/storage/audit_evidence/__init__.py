"""Evidence packs of the audit log, and the one file that verifies them without us."""
