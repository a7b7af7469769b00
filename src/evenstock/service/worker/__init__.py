"""The worker: leases, a schedule, and the jobs it does."""
