"""One kind of event a file: what it is about, and what it does to the books."""
