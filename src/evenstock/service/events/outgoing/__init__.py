"""Our facts on their way out: the envelope, its signature, and the sending."""
