from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("annotations", "0007_campaign_kinds"),
    ]

    operations = [
        migrations.AddField(
            model_name="challenge",
            name="asked",
            field=models.JSONField(default=list, help_text="Further classes that its questions name."),
        ),
    ]
