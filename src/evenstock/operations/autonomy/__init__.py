"""Who acts: what the policy's envelopes and the stage of a scope let software do, asked before anything is done."""
