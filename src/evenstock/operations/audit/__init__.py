"""The audit log: who changed what, in the transaction that did it, so that nobody can say later that it was otherwise."""
