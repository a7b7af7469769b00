"""Actions as the policy's envelopes ask about them, built from what operations hold: one file a kind."""
