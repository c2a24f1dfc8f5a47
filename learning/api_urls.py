from django.urls import path

from learning.api import (
    comparisons,
    effects,
    ending,
    explanations,
    one_version,
    policies,
    rounds,
    runs,
    taught,
    versions,
)

urlpatterns = [
    path("taught/", taught.TaughtList.as_view(), name="api-taught"),
    path("datasets/<int:pk>/models/", versions.Versions.as_view(), name="api-models"),
    path("datasets/<int:pk>/models/<int:number>/weights/", versions.Weights.as_view(), name="api-model-weights"),
    path("datasets/<int:pk>/models/<int:number>/bring-back/", versions.BringBack.as_view(), name="api-model-back"),
    path("datasets/<int:pk>/models/<int:number>/shadow/", versions.Shadow.as_view(), name="api-model-shadow"),
    path("datasets/<int:pk>/versions/<int:number>/", one_version.OneVersion.as_view(), name="api-version"),
    path("datasets/<int:pk>/compare/", comparisons.Compare.as_view(), name="api-compare"),
    path("datasets/<int:pk>/train/", runs.Train.as_view(), name="api-train"),
    path("datasets/<int:pk>/train/schedule/", runs.Schedule.as_view(), name="api-train-schedule"),
    path("datasets/<int:pk>/runs/", runs.Runs.as_view(), name="api-runs"),
    path("datasets/<int:pk>/status/", runs.Status.as_view(), name="api-status"),
    path("datasets/<int:pk>/rounds/", rounds.Rounds.as_view(), name="api-rounds"),
    path("datasets/<int:pk>/rounds/<int:number>/picks/", rounds.Picks.as_view(), name="api-picks"),
    path("datasets/<int:pk>/scores/", rounds.Scores.as_view(), name="api-scores"),
    path("datasets/<int:pk>/campaign/resume/", ending.Resume.as_view(), name="api-campaign-resume"),
    path("datasets/<int:pk>/policy/", policies.OnePolicy.as_view(), name="api-policy"),
    path("images/<int:pk>/explanations/", explanations.Explanations.as_view(), name="api-explanations"),
    path(
        "images/<int:pk>/explanations/<int:number>/picture/",
        explanations.ExplanationPicture.as_view(),
        name="api-explanation-picture",
    ),
    path("review/annotators/<int:pk>/models/", effects.PersonModels.as_view(), name="api-person-models"),
    path(
        "review/annotators/<int:pk>/models/<int:dataset>/train/",
        effects.PersonRetrain.as_view(),
        name="api-person-retrain",
    ),
]
