"""Who may what: roles, sessions, passwords, tokens and OpenID Connect."""
