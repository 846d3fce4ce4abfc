"""Checkpoints of the audit log, and a signature for entries whose personal values were replaced."""

from django.db import migrations, models

from core.db import append_only


class Migration(migrations.Migration):
    dependencies = [("platform", "0007_plain_labels")]

    operations = [
        migrations.RunPython(append_only.lower_guards, append_only.raise_guards),
        migrations.AddField(
            "auditentry",
            "redaction",
            models.CharField(db_default="", default="", editable=False, max_length=64),
        ),
        migrations.CreateModel(
            "AuditCheckpoint",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("position", models.BigIntegerField(unique=True)),
                ("hash", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField()),
                ("signature", models.CharField(max_length=64)),
            ],
            options={"ordering": ["number"]},
        ),
        migrations.RunPython(append_only.raise_all_guards, append_only.lower_all_guards),
    ]
