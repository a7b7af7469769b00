"""What the system does: one transaction a file, named as people say it."""
