"""The resources of the API, one a file: each has a `ROUTER`."""
