"""Who may do what: actions, roles and their scope, keys, people, sessions."""
