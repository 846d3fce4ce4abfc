import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Rename the model Letter to EmailToken and change labels.

    The table keeps its name, so the database schema does not change.
    """

    dependencies = [
        ("accounts", "0005_by_time"),
    ]

    operations = [
        migrations.AlterModelTable(name="letter", table="accounts_letter"),
        migrations.RenameModel(old_name="Letter", new_name="EmailToken"),
        migrations.AlterField(
            model_name='loginsession',
            name='actor',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='staff member logged in as the user'),
        ),
        migrations.AlterField(
            model_name='loginsession',
            name='kind',
            field=models.CharField(choices=[('api', 'API client'), ('cookie', 'Browser app'), ('browser', 'Browser'), ('support', 'Staff, logged in as you')], default='api', max_length=10, verbose_name='kind'),
        ),
        migrations.AlterField(
            model_name='user',
            name='email',
            field=models.EmailField(max_length=254, unique=True, verbose_name='email'),
        ),
        migrations.AlterField(
            model_name='user',
            name='email_verified_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='email confirmed at'),
        ),
        migrations.AlterField(
            model_name='user',
            name='is_staff',
            field=models.BooleanField(default=False, verbose_name='staff'),
        ),
        migrations.AlterField(
            model_name='user',
            name='mfa_enabled',
            field=models.BooleanField(default=False, verbose_name='two-factor authentication'),
        ),
    ]
