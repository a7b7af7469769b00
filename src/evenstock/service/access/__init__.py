"""Who asks and whether he may: credentials, policies, quotas, and secrets at rest."""
