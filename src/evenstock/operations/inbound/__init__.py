"""What other systems tell us: stored first, then applied, each event in one transaction with the mark that it is done.

An event kind is one file in `kinds`, found by its `TYPE`. What cannot be read is dead at once, with the place that is
wrong; what the books refuse is tried again with growing waits, then dead with its reason. Nothing is dropped unseen.
"""
