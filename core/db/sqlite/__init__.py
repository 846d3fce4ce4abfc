"""Database backend of the default installation: Django's SQLite backend with a fair queue for writers."""
