"""Certificates are append-only: the database refuses to change what was certified, and PostgreSQL to delete a row.

What may change is the revocation and what is known of the file. SQLite keeps only the refusal to change, as payments 0004 explains.
"""

from django.db import migrations, models

TABLE = "credentials_issuedcertificate"
FIXED = (
    "id, key, certificate, verification_code, resident_no, community, holder_name, masked_id, title_zh, title_en, lines, issuer_zh, "
    "issuer_en, issued_on, issued_by, purpose, valid_until, content_hash"
)
POSTGRESQL = f"""
CREATE FUNCTION credentials_append_only() RETURNS trigger AS $$
BEGIN
    RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only: revoke the certificate and issue another';
END
$$ LANGUAGE plpgsql;
CREATE TRIGGER {TABLE}_fixed BEFORE UPDATE OF {FIXED} ON {TABLE} FOR EACH ROW EXECUTE FUNCTION credentials_append_only();
CREATE TRIGGER {TABLE}_kept BEFORE DELETE ON {TABLE} FOR EACH ROW EXECUTE FUNCTION credentials_append_only();
"""
SQLITE = f"""
CREATE TRIGGER {TABLE}_fixed BEFORE UPDATE OF {FIXED} ON {TABLE}
BEGIN
    SELECT RAISE(ABORT, '{TABLE} is append-only: revoke the certificate and issue another');
END
"""


def guard(apps, schema_editor):
    schema_editor.execute(POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE)


def unguard(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP TRIGGER {TABLE}_fixed ON {TABLE}; DROP TRIGGER {TABLE}_kept ON {TABLE}")
        schema_editor.execute("DROP FUNCTION credentials_append_only")
    else:
        schema_editor.execute(f"DROP TRIGGER {TABLE}_fixed")


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='IssuedCertificate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=200, unique=True)),
                ('certificate', models.CharField(max_length=60)),
                ('verification_code', models.CharField(max_length=16, unique=True)),
                ('resident_no', models.BigIntegerField()),
                ('community', models.BigIntegerField()),
                ('holder_name', models.CharField(max_length=100)),
                ('masked_id', models.CharField(max_length=40)),
                ('title_zh', models.CharField(max_length=120)),
                ('title_en', models.CharField(max_length=200)),
                ('lines', models.JSONField()),
                ('issuer_zh', models.CharField(max_length=120)),
                ('issuer_en', models.CharField(max_length=200)),
                ('issued_on', models.DateField()),
                ('issued_by', models.CharField(max_length=150)),
                ('purpose', models.CharField(max_length=30)),
                ('valid_until', models.DateField(null=True)),
                ('content_hash', models.CharField(max_length=64)),
                ('pdf_sha256', models.CharField(blank=True, default='', max_length=64)),
                ('signer_sha256', models.CharField(blank=True, default='', max_length=64)),
                ('revoked_on', models.DateField(null=True)),
                ('revoked_by', models.CharField(blank=True, default='', max_length=150)),
                ('revoked_reason', models.CharField(blank=True, default='', max_length=300)),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['resident_no', 'id'], name='certificates_of_resident'), models.Index(condition=models.Q(('pdf_sha256', ''), _negated=True), fields=['pdf_sha256'], name='certificate_of_file')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('revoked_by', ''), ('revoked_on', None), ('revoked_reason', '')), models.Q(('revoked_on__isnull', False), models.Q(('revoked_reason', ''), _negated=True)), _connector='OR'), name='revoked_with_a_reason'), models.CheckConstraint(condition=models.Q(('valid_until', None), ('valid_until__gt', models.F('issued_on')), _connector='OR'), name='certificate_has_a_term')],
            },
        ),
        migrations.RunPython(guard, unguard),
    ]
