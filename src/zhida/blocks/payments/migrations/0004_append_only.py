"""The ledger and the bank's answers are append-only: the database itself refuses to change a row, and PostgreSQL to delete one.

SQLite keeps only the refusal to change: emptying its tables between tests is a DELETE, and a trigger cannot tell the two apart.
"""

from django.db import migrations

TABLES = ("payments_ledgerentry", "payments_bankanswer", "payments_ledgerclose")
POSTGRESQL = """
CREATE FUNCTION payments_append_only() RETURNS trigger AS $$
BEGIN
    RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only: post a reversal instead';
END
$$ LANGUAGE plpgsql;
"""
POSTGRESQL_TRIGGER = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION payments_append_only();
"""
SQLITE_TRIGGER = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE ON {table}
BEGIN
    SELECT RAISE(ABORT, '{table} is append-only: post a reversal instead');
END
"""


def guard(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    if is_postgresql:
        schema_editor.execute(POSTGRESQL)
    for table in TABLES:
        schema_editor.execute((POSTGRESQL_TRIGGER if is_postgresql else SQLITE_TRIGGER).format(table=table))


def unguard(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for table in TABLES:
        schema_editor.execute(f"DROP TRIGGER {table}_append_only" + (f" ON {table}" if is_postgresql else ""))
    if is_postgresql:
        schema_editor.execute("DROP FUNCTION payments_append_only")


class Migration(migrations.Migration):
    dependencies = [("payments", "0003_closed_loop")]
    operations = [migrations.RunPython(guard, unguard)]
