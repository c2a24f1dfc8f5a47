from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("gallery", "0002_tags_that_are_guesses"),
    ]

    operations = [
        migrations.AddField(
            model_name="dataset",
            name="classes_changed_at",
            field=models.DateTimeField(
                editable=False, help_text="Until consensus and tags have followed; none: they have.", null=True
            ),
        ),
    ]
