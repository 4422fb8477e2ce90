"""PostgreSQL itself refuses to change or delete entries of the audit log, but to purges and erasures."""

from django.db import migrations

KEEP = """
CREATE FUNCTION keep_audit_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(current_setting('intraday.audit', true), '') <> 'maintained' THEN
        RAISE EXCEPTION 'Entries of the audit log are added and purged, never changed: record another one.';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_audit_entries BEFORE UPDATE OR DELETE ON audit_auditentry
    FOR EACH ROW EXECUTE FUNCTION keep_audit_entries();
"""
LET_GO = "DROP TRIGGER keep_audit_entries ON audit_auditentry; DROP FUNCTION keep_audit_entries();"


def on_postgresql(statement):
    def run(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(statement)

    return run


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0001_audit_entries'),
    ]

    operations = [
        migrations.RunPython(on_postgresql(KEEP), on_postgresql(LET_GO)),
    ]
