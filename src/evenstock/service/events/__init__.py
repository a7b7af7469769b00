"""Events at the edge: who signed, what a body says, storing it before anything else; and our own facts, sent to others."""
