"""What is worth doing tonight: which items to look at, against what else, and when to look again."""
