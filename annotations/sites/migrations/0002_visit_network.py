from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sites", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="visit",
            name="network",
            field=models.CharField(
                blank=True, default="", help_text="A keyed hash of where they come from.", max_length=64
            ),
            preserve_default=False,
        ),
    ]
