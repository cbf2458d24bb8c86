from django.db import migrations


def spell(apps, schema_editor):
    """A mail of a campaign has any number of links and hashes; it had one of each, or was not asked for any."""
    campaigns = apps.get_model("remediation", "Campaign").objects.using(schema_editor.connection.alias)
    for campaign in campaigns.iterator():
        for mail in campaign.mails:
            for old, new in (("link", "links"), ("attachment_sha256", "attachment_hashes")):
                mail.setdefault(new, list(filter(None, [mail.pop(old, "")])))
        campaign.save(update_fields=["mails"])


class Migration(migrations.Migration):
    dependencies = [("remediation", "0007_campaign_until")]

    operations = [migrations.RunPython(spell, migrations.RunPython.noop)]
