from django.urls import path

from annotations.views import campaign, images, review, solve

urlpatterns = [
    path("solve/", solve.solve, name="solve"),
    path("solve/widget/", solve.solve_widget, name="solve_widget"),
    path("solve/<uuid:pk>/answer/", solve.solve_answer, name="solve_answer"),
    path("solve/<uuid:pk>/sprite", solve.solve_sprite, name="solve_sprite"),
    path("solve/<uuid:pk>/report/", solve.solve_report, name="solve_report"),
    path("images/<int:pk>/correct/", images.image_correct, name="image_correct"),
    path("images/<int:pk>/report/", images.image_report, name="image_report"),
    path("images/<int:pk>/votes/", images.image_votes, name="image_votes"),
    path("account/reliability/", images.my_reliability, name="my_reliability"),
    path("datasets/<int:pk>/campaign/", campaign.dataset_campaign, name="dataset_campaign"),
    path("review/", review.review, name="review"),
    path("review/blocked/", review.review_blocked, name="review_blocked"),
    path("review/datasets/", review.review_datasets, name="review_datasets"),
    path("review/datasets/<int:pk>/decide/", review.review_dataset_decide, name="review_dataset_decide"),
    path("review/reports/", review.review_reports, name="review_reports"),
    path("review/reports/<int:pk>/decide/", review.review_report_decide, name="review_report_decide"),
    path("review/log/", review.audit_log, name="audit_log"),
    path("review/annotators/<int:pk>/", review.review_annotator, name="review_annotator"),
    path("review/annotators/<int:pk>/decide/", review.review_decide, name="review_decide"),
]
