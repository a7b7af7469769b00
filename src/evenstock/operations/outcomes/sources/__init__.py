"""Kinds of recommendations: an open family, one file each."""
