from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from gallery.models import DataSet, Image, Visibility
from gallery.selectors import cards_of, with_covers

SHOWN = 3


def home(request: HttpRequest) -> HttpResponse:
    filled = Image.objects.shown().values("dataset")
    public = DataSet.objects.filter(visibility=Visibility.PUBLIC, pk__in=filled).order_by("-pk")
    return render(request, "gallery/home.html", {"cards": cards_of(with_covers(public)[:SHOWN])})


def about(request: HttpRequest) -> HttpResponse:
    return render(request, "gallery/about.html")
