from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from gallery.access import dataset_write
from learning.forms import PolicyForm
from learning.presets import PRESETS, WORDS
from learning.selectors import policy_of
from learning.services.policies import policy_change

SAVED = "Saved. It holds from the next round of questions and the next training run on."


@require_http_methods(["GET", "POST"])
def dataset_policy(request: HttpRequest, pk: int) -> HttpResponse:
    dataset = dataset_write(request, pk)
    if preset := PRESETS.get(request.POST.get("preset", "")):
        policy_change(dataset=dataset, by=request.user, **preset)
        messages.success(request, SAVED)
        return redirect("dataset_policy", dataset.pk)
    form = PolicyForm(request.POST or None, instance=policy_of(dataset))
    if request.method == "POST" and form.is_valid():
        policy_change(dataset=dataset, by=request.user, **form.cleaned_data)
        messages.success(request, SAVED)
        return redirect("dataset", dataset.pk)
    context = {"dataset": dataset, "form": form, "presets": WORDS.items()}
    return render(request, "learning/policy.html", context, status=422 if request.method == "POST" else 200)
