from django.urls import path

from annotations.api import (
    answers,
    appeals,
    campaigns,
    challenges,
    contested,
    controls,
    corrections,
    decisions,
    people,
    publications,
    reliability,
    reports,
)

urlpatterns = [
    path("images/<int:pk>/correction/", corrections.Correction.as_view(), name="api-correction"),
    path("datasets/<int:pk>/campaign/", campaigns.OneCampaign.as_view(), name="api-campaign"),
    path("datasets/<int:pk>/publication/", campaigns.Publication.as_view(), name="api-publication"),
    path("datasets/<int:pk>/challenges/", challenges.Challenges.as_view(), name="api-challenges"),
    path("datasets/<int:dataset>/challenges/<uuid:pk>/", challenges.OneChallenge.as_view(), name="api-challenge"),
    path(
        "datasets/<int:dataset>/challenges/<uuid:pk>/sprite/", challenges.Sprite.as_view(), name="api-challenge-sprite"
    ),
    path("datasets/<int:dataset>/challenges/<uuid:pk>/answer/", answers.Answer.as_view(), name="api-challenge-answer"),
    path("datasets/<int:dataset>/challenges/<uuid:pk>/report/", answers.Report.as_view(), name="api-challenge-report"),
    path("reliability/", reliability.OwnReliability.as_view(), name="api-reliability"),
    path("review/annotators/", people.People.as_view(), name="api-review-annotators"),
    path("review/annotators/<int:pk>/", people.Evidence.as_view(), name="api-review-annotator"),
    path("review/annotators/<int:pk>/decisions/", people.Decisions.as_view(), name="api-review-decisions"),
    path("review/datasets/", publications.Requested.as_view(), name="api-review-datasets"),
    path("review/datasets/<int:pk>/decision/", publications.PublicationDecision.as_view(), name="api-review-dataset"),
    path("review/reports/", reports.Reports.as_view(), name="api-review-reports"),
    path("review/reports/<int:pk>/decision/", reports.ReportDecision.as_view(), name="api-review-report"),
    path("appeals/", appeals.OwnAppeals.as_view(), name="api-appeals"),
    path("reliability/mistakes/", reliability.OwnMistakes.as_view(), name="api-reliability-mistakes"),
    path("datasets/<int:pk>/contested/", contested.DataSetContested.as_view(), name="api-dataset-contested"),
    path("images/<int:pk>/ruling/", contested.ImageRuling.as_view(), name="api-image-ruling"),
    path("images/<int:pk>/control/", controls.Control.as_view(), name="api-image-control"),
    path("review/contested/", contested.Contested.as_view(), name="api-review-contested"),
    path("review/appeals/", appeals.Appeals.as_view(), name="api-review-appeals"),
    path("review/appeals/<int:pk>/decision/", appeals.AppealDecision.as_view(), name="api-review-appeal"),
    path("review/decisions/", decisions.SeveralDecisions.as_view(), name="api-review-several"),
    path("review/annotators/<int:pk>/effect/", decisions.EffectPreview.as_view(), name="api-review-effect"),
]
