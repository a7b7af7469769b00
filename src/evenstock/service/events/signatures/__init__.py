"""How senders sign: one scheme a file, found by its `NAME`. All are checked on the raw body, in constant time."""
