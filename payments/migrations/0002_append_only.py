"""The ledger is appended to, never edited: the database itself refuses to change a line of it."""

from django.db import migrations

SQLITE = """
CREATE TRIGGER payments_ledgerentry_append_only BEFORE UPDATE ON payments_ledgerentry
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END
"""
# Emptying a whole database (a test, `make demo`) truncates on PostgreSQL, which no row trigger sees, and deletes on
# SQLite: so only the former refuses DELETE, too.
POSTGRESQL = """
CREATE FUNCTION payments_refuse() RETURNS trigger AS $$
BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$ LANGUAGE plpgsql;
CREATE TRIGGER payments_ledgerentry_append_only BEFORE UPDATE OR DELETE ON payments_ledgerentry
FOR EACH ROW EXECUTE FUNCTION payments_refuse();
"""


def refuse_changes(apps, schema_editor):
    """Make the trigger, in the database's own words."""
    schema_editor.execute({"sqlite": SQLITE, "postgresql": POSTGRESQL}[schema_editor.connection.vendor])


def allow_changes(apps, schema_editor):
    """Take the trigger away."""
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TRIGGER payments_ledgerentry_append_only")
    else:
        schema_editor.execute("DROP FUNCTION payments_refuse() CASCADE")


class Migration(migrations.Migration):

    dependencies = [("payments", "0001_initial")]

    operations = [migrations.RunPython(refuse_changes, allow_changes)]
