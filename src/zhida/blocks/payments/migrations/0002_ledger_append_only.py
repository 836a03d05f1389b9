"""The ledger is append-only: the database itself refuses to change a posting, and PostgreSQL to delete one.

SQLite keeps only the refusal to change: emptying its tables between tests is a DELETE, and a trigger cannot tell the two apart.
"""

from django.db import migrations

POSTGRESQL = """
CREATE FUNCTION payments_ledger_append_only() RETURNS trigger AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: post a reversal instead';
END
$$ LANGUAGE plpgsql;
CREATE TRIGGER payments_ledger_append_only BEFORE UPDATE OR DELETE ON payments_ledgerentry
FOR EACH ROW EXECUTE FUNCTION payments_ledger_append_only();
"""
SQLITE = """
CREATE TRIGGER payments_ledger_append_only BEFORE UPDATE ON payments_ledgerentry
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only: post a reversal instead');
END
"""


def guard(apps, schema_editor):
    schema_editor.execute(POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE)


def unguard(apps, schema_editor):
    schema_editor.execute("DROP TRIGGER payments_ledger_append_only" + (
        " ON payments_ledgerentry; DROP FUNCTION payments_ledger_append_only" if schema_editor.connection.vendor == "postgresql" else ""
    ))


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial")]
    operations = [migrations.RunPython(guard, unguard)]
