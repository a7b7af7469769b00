"""Backups of the books and the snapshots, and bringing them back: each with a manifest that says what it holds."""
