"""`evenstock carriers`: how carriers keep their word, and what to do about it."""
