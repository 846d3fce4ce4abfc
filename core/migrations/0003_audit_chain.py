"""The audit log signed, chained and guarded; what was written before is signed and chained as it stands."""

from django.db import migrations, models

from core.db import append_only
from core.audit import chain


def sign_what_is_there(apps, schema_editor):
    """Sign and chain the entries that were written before there was a chain, in the order of their ids."""
    entries = apps.get_model("platform", "AuditEntry")
    seals = apps.get_model("platform", "AuditSeal")
    before = ""
    for place, entry in enumerate(entries.objects.order_by("id").iterator(chunk_size=chain.BATCH), start=1):
        digest = chain.digest_of(entry)
        entries.objects.filter(pk=entry.pk).update(digest=digest)
        before = chain.link(before=before, position=place, entry_id=entry.pk, digest=digest)
        seals.objects.create(entry_id=entry.pk, position=place, hash=before)


def begin_sealing(apps, schema_editor):
    """Have PostgreSQL seal each entry when its transaction commits."""
    if schema_editor.connection.vendor == "postgresql":
        for statement in chain.POSTGRESQL:
            schema_editor.execute(statement, params=None)


def end_sealing(apps, schema_editor):
    """The way back."""
    if schema_editor.connection.vendor == "postgresql":
        for statement in chain.NO_POSTGRESQL:
            schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("platform", "0002_receipts")]

    operations = [
        migrations.AddField(
            "auditentry", "digest", models.CharField(default="", editable=False, max_length=64), preserve_default=True
        ),
        migrations.AlterField(
            "auditentry", "request_id", models.CharField(default="-", max_length=64, verbose_name="request")
        ),
        migrations.CreateModel(
            "AuditSeal",
            fields=[
                ("entry_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("position", models.BigIntegerField(null=True, unique=True)),
                ("hash", models.CharField(blank=True, max_length=64)),
            ],
            options={"ordering": ["position"]},
        ),
        migrations.AddIndex("auditentry", models.Index(fields=["action", "-id"], name="platform_audit_action")),
        migrations.AddIndex("auditentry", models.Index(fields=["created_at"], name="platform_audit_created")),
        migrations.RunPython(sign_what_is_there, migrations.RunPython.noop),
        migrations.RunPython(begin_sealing, end_sealing),
        migrations.RunPython(append_only.raise_guards, append_only.lower_guards),
    ]
