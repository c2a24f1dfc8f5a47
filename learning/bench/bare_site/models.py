from django.db import models


class Row(models.Model):
    """A visit, as somebody would see it who has nothing but a key: the same table, and as dear to write."""

    id = models.UUIDField(primary_key=True)
    redeemed_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "sites_visit"

    def __str__(self) -> str:
        return str(self.id)
