from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotations", "0013_longer_kind_names")]

    operations = [
        migrations.AddField(
            model_name="unseen",
            name="language",
            field=models.CharField(
                default="en", help_text="Of the riddles, which stay as they were asked.", max_length=8
            ),
        ),
    ]
