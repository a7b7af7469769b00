"""Rates that are never silently stale: taken in, watched, held against invoices, corrected."""
