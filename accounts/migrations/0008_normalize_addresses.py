from django.db import migrations

from core.text.email_addresses import normalize_email


def normalize_addresses(apps, schema_editor):
    """Store addresses as logins look them up. An address that another account has already stays as it is."""
    User = apps.get_model("accounts", "User")
    for pk, email in list(User.objects.values_list("pk", "email")):
        normalized = normalize_email(email)
        if normalized != email and not User.objects.filter(email__iexact=normalized).exclude(pk=pk).exists():
            User.objects.filter(pk=pk).update(email=normalized)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_visible_texts")]

    operations = [migrations.RunPython(normalize_addresses, migrations.RunPython.noop)]
