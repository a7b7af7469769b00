"""evenstock as a service: the HTTP API, the worker, who may do what, and what operators see of it."""
