"""What a ledger row is: written once, never edited, never deleted."""

from typing import Any, NoReturn

from django.db import models
from django.utils import timezone


class LedgerQuerySet(models.QuerySet[Any]):
    def update(self, **fields: Any) -> NoReturn:
        raise TypeError(f"{self.model.__name__} rows are a ledger: they are never edited.")

    def delete(self) -> NoReturn:
        raise TypeError(f"{self.model.__name__} rows are a ledger: they are never deleted.")

    def bulk_create(self, objs: Any, *args: Any, **kwargs: Any) -> list[Any]:
        if kwargs.get("update_conflicts"):
            raise TypeError(f"{self.model.__name__} rows are a ledger: they are never edited.")
        return super().bulk_create(objs, *args, **kwargs)


class VoteQuerySet(LedgerQuerySet):
    def standing(self) -> "VoteQuerySet":
        """Without those that their author has changed or taken back in a second thought."""
        return self.filter(superseded_by=None, withdrawn=False)

    def first_words(self) -> "VoteQuerySet":
        """One for each time that somebody was asked, whatever they thought better of."""
        return self.filter(supersedes=None)


class LedgerRow(models.Model):
    """Written once. Consensus, reliability and training sets are derived from such rows and from nothing else."""

    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = LedgerQuerySet.as_manager()

    class Meta:
        abstract = True
        base_manager_name = "objects"  # so that `challenge.votes.add(vote)` can't edit either

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError(f"{type(self).__name__} rows are a ledger: they are never edited.")
        # An INSERT, whatever: a new object with an old row's key would otherwise overwrite that row.
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(f"{type(self).__name__} rows are a ledger: they are never deleted.")
