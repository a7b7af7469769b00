"""What is known of persons: where it lies, how it is shown to them, kept no longer than said, and forgotten."""
