from django.db import migrations, models

from tenants.audit.entry import FIELDS, ROOT, hash_of, line_of

BATCH = 500  # rows


def chain_what_is_there(apps, _schema_editor):
    """Link the entries of each tenant, and of each organization itself, in the order in which they were written."""
    event = apps.get_model('tenants', 'AuditEvent')
    for organization_id, tenant_id in event.objects.order_by().values_list('organization_id', 'tenant_id').distinct():
        link(apps, organization_id, tenant_id)


def link(apps, organization_id, tenant_id):
    event, chain = apps.get_model('tenants', 'AuditEvent'), apps.get_model('tenants', 'AuditChain')
    rows = event.objects.filter(organization_id=organization_id, tenant_id=tenant_id).order_by('pk')
    sequence, newest, last_pk = 0, ROOT, 0
    while batch := list(rows.filter(pk__gt=last_pk)[:BATCH]):
        for row in batch:
            sequence += 1
            row.sequence, row.previous_hash = sequence, newest
            row.hash = newest = hash_of(line_of({name: getattr(row, name) for name in FIELDS}))
        event.objects.bulk_update(batch, ['sequence', 'previous_hash', 'hash'], batch_size=100)
        last_pk = batch[-1].pk
    chain.objects.create(
        organization_id=organization_id, tenant_id=tenant_id, sequence=sequence, hash=newest, archived_hash=ROOT
    )


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0003_evidence'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditChain',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('organization_id', models.BigIntegerField()),
                ('tenant_id', models.BigIntegerField(null=True)),
                ('sequence', models.BigIntegerField(default=0)),
                ('hash', models.CharField(max_length=64)),
                ('archived_sequence', models.BigIntegerField(default=0)),
                ('archived_hash', models.CharField(max_length=64)),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('tenant_id__isnull', False)), fields=('tenant_id',), name='one_chain_a_tenant'),
                    models.UniqueConstraint(condition=models.Q(('tenant_id__isnull', True)), fields=('organization_id',), name='one_chain_an_organization'),
                ],
            },
        ),
        migrations.AddField(model_name='auditevent', name='sequence', field=models.BigIntegerField(null=True)),
        migrations.AddField(model_name='auditevent', name='previous_hash', field=models.CharField(max_length=64, null=True)),
        migrations.AddField(model_name='auditevent', name='hash', field=models.CharField(max_length=64, null=True)),
        migrations.RunPython(chain_what_is_there, migrations.RunPython.noop),
        migrations.AlterField(model_name='auditevent', name='sequence', field=models.BigIntegerField()),
        migrations.AlterField(model_name='auditevent', name='previous_hash', field=models.CharField(max_length=64)),
        migrations.AlterField(model_name='auditevent', name='hash', field=models.CharField(max_length=64)),
        migrations.AddConstraint(
            model_name='auditevent',
            constraint=models.UniqueConstraint(condition=models.Q(('tenant_id__isnull', False)), fields=('tenant_id', 'sequence'), name='one_entry_a_place'),
        ),
        migrations.AddConstraint(
            model_name='auditevent',
            constraint=models.UniqueConstraint(condition=models.Q(('tenant_id__isnull', True)), fields=('organization_id', 'sequence'), name='one_organization_entry_a_place'),
        ),
    ]
