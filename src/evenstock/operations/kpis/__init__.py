"""Key figures of the business, each the sum of rows that anybody can look at: an open family, one figure a file in `measures`."""
