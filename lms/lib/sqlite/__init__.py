"""The database backend of the embedded default: Django's own for SQLite, for a site on which a class writes at once."""
