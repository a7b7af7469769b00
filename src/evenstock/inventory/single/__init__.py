"""One item at one place: how much to hold, when demand waits and when it is lost."""
