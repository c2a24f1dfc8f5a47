from django.urls import path

from learning.views import asked, effects, ending, explanations, figures, policy, taught, training, versions

urlpatterns = [
    path("figures/", figures.loop_figures, name="loop_figures"),
    path("solve/taught/", taught.solve_taught, name="solve_taught"),
    path("datasets/<int:pk>/learning/", training.dataset_learning, name="dataset_learning"),
    path("datasets/<int:pk>/train/", training.dataset_train, name="dataset_train"),
    path("datasets/<int:pk>/asked/", asked.dataset_asked, name="dataset_asked"),
    path("datasets/<int:pk>/asked/anew/", asked.dataset_ask_anew, name="dataset_ask_anew"),
    path("datasets/<int:pk>/asked/scores/", asked.dataset_scores, name="dataset_scores"),
    path("datasets/<int:pk>/asked/resume/", ending.dataset_resume, name="dataset_resume"),
    path("datasets/<int:pk>/rounds/<int:number>/scores.csv", asked.round_scores, name="round_scores"),
    path("datasets/<int:pk>/policy/", policy.dataset_policy, name="dataset_policy"),
    path("datasets/<int:pk>/versions/<int:number>/", versions.version, name="version"),
    path("datasets/<int:pk>/versions/<int:number>/bring-back/", versions.version_bring_back, name="version_bring_back"),
    path("datasets/<int:pk>/versions/<int:number>/shadow/", versions.version_shadow, name="version_shadow"),
    path("datasets/<int:pk>/versions/<int:number>/shadow/end/", versions.version_shadow_end, name="version_shadow_end"),
    path("datasets/<int:pk>/versions/<int:number>/weights/", versions.version_weights, name="version_weights"),
    path("images/<int:pk>/explanations/", explanations.image_explanations, name="image_explanations"),
    path("images/<int:pk>/explain/", explanations.image_explain, name="image_explain"),
    path("images/<int:pk>/explanations/<int:number>.png", explanations.image_explanation, name="image_explanation"),
    path("review/annotators/<int:pk>/models/", effects.person_models, name="person_models"),
    path("review/annotators/<int:pk>/models/<int:dataset>/train/", effects.person_retrain, name="person_retrain"),
]
