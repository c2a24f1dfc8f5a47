from gallery.models import DataSet, Source, Tag


def tags_doubt(*, dataset: DataSet, sure_from: float) -> None:
    """Let a model's tags below this confidence be guesses, and all others not."""
    said = Tag.objects.filter(image__dataset=dataset, source=Source.MODEL)
    said.filter(sure=True, confidence__lt=sure_from).update(sure=False)
    said.filter(sure=False, confidence__gte=sure_from).update(sure=True)
