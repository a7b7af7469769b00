"""What a worker can do, one job a file: `NAME`, and `work`."""
