"""What requests bring and answers hold, described for callers: one subject a file."""
