"""Actors: whoever does something here, with less right than their owner; watched, and quarantined where they act as never before."""
