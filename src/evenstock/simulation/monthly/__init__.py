"""The month as it turned out: what became of what was recommended, what it cost beyond the best, and whether it paid."""
