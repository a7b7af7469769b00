"""What is done again and again, and when: by the hour of a stated zone, once a slot however many schedulers run."""
