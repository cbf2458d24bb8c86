"""The database itself refuses to change the trail. An entry goes only when its chain's head says that it was archived.

On SQLite Django makes a table anew to change it, without these triggers: a later migration that touches `AuditEvent`
or `AuditChain` has to call `remove` before and `install` after.
"""

from django.db import migrations

ENTRY = 'The audit trail only grows: this entry can neither be changed nor removed.'
HEAD = 'The head of an audit chain only goes forward.'

# An entry goes only after its chain's head was moved past it, in the same transaction or before: archive_audit does that.
SQLITE = {
    'audit_entry_stays_as_it_is': f"""
        BEFORE UPDATE ON tenants_auditevent
        BEGIN SELECT RAISE(ABORT, '{ENTRY}'); END""",
    'audit_entry_stays': f"""
        BEFORE DELETE ON tenants_auditevent WHEN NOT EXISTS (
            SELECT 1 FROM tenants_auditchain
            WHERE organization_id = OLD.organization_id AND tenant_id IS OLD.tenant_id AND archived_sequence >= OLD.sequence
        ) BEGIN SELECT RAISE(ABORT, '{ENTRY}'); END""",  # nosec B608  # words of this file
    'audit_head_goes_forward': f"""
        BEFORE UPDATE ON tenants_auditchain WHEN
            NEW.id IS NOT OLD.id OR NEW.organization_id IS NOT OLD.organization_id OR NEW.tenant_id IS NOT OLD.tenant_id
            OR NEW.sequence < OLD.sequence OR NEW.archived_sequence < OLD.archived_sequence
            OR NEW.archived_sequence > NEW.sequence
        BEGIN SELECT RAISE(ABORT, '{HEAD}'); END""",
    'audit_head_stays': f"""
        BEFORE DELETE ON tenants_auditchain
        BEGIN SELECT RAISE(ABORT, '{HEAD}'); END""",
}

POSTGRESQL = (
    f"""
    CREATE FUNCTION audit_entry_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' THEN
            PERFORM 1 FROM tenants_auditchain
            WHERE organization_id = OLD.organization_id AND tenant_id IS NOT DISTINCT FROM OLD.tenant_id
                AND archived_sequence >= OLD.sequence;
            IF FOUND THEN
                RETURN OLD;
            END IF;
        END IF;
        RAISE EXCEPTION '{ENTRY}';
    END $$""",
    f"""
    CREATE FUNCTION audit_head_goes_forward() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' THEN
            IF NEW.id = OLD.id AND NEW.organization_id = OLD.organization_id
                AND NEW.tenant_id IS NOT DISTINCT FROM OLD.tenant_id AND NEW.sequence >= OLD.sequence
                AND NEW.archived_sequence >= OLD.archived_sequence AND NEW.archived_sequence <= NEW.sequence
            THEN
                RETURN NEW;
            END IF;
        END IF;
        RAISE EXCEPTION '{HEAD}';
    END $$""",
    'CREATE TRIGGER audit_entry_stays BEFORE UPDATE OR DELETE ON tenants_auditevent'
    ' FOR EACH ROW EXECUTE FUNCTION audit_entry_stays()',
    'CREATE TRIGGER audit_entries_stay BEFORE TRUNCATE ON tenants_auditevent'
    ' FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_stays()',
    'CREATE TRIGGER audit_head_goes_forward BEFORE UPDATE OR DELETE ON tenants_auditchain'
    ' FOR EACH ROW EXECUTE FUNCTION audit_head_goes_forward()',
    'CREATE TRIGGER audit_heads_stay BEFORE TRUNCATE ON tenants_auditchain'
    ' FOR EACH STATEMENT EXECUTE FUNCTION audit_head_goes_forward()',
)


def install(_apps, schema_editor):
    if schema_editor.connection.vendor == 'postgresql':
        for statement in POSTGRESQL:
            schema_editor.execute(statement)
    else:
        for name, rest in SQLITE.items():
            schema_editor.execute(f'CREATE TRIGGER {name} {rest}')


def remove(_apps, schema_editor):
    if schema_editor.connection.vendor == 'postgresql':
        schema_editor.execute('DROP FUNCTION audit_entry_stays CASCADE')
        schema_editor.execute('DROP FUNCTION audit_head_goes_forward CASCADE')
    else:
        for name in SQLITE:
            schema_editor.execute(f'DROP TRIGGER {name}')


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0004_audit_chain'),
    ]

    operations = [
        migrations.RunPython(install, remove),
    ]
