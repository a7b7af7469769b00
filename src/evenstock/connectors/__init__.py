"""The outside systems that bring data in and take it out: one a file or folder."""
