from django.db import migrations, models

import annotations.models


class Migration(migrations.Migration):
    dependencies = [
        ("annotations", "0006_campaigns_end"),
    ]

    operations = [
        migrations.AddField(
            model_name="campaign",
            name="kinds",
            field=models.JSONField(
                default=annotations.models.usual_kinds, help_text="The kinds of challenge that people are given."
            ),
        ),
    ]
