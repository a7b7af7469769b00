"""Stock held at several stages of one network: how much at each, and what their helping one another saves."""
