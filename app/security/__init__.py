"""Who may ask for what: host and origin, sessions, passwords, routes, file roots."""
