from django.urls import path

from gallery.views import classes, datasets, home, images, uploads

urlpatterns = [
    path("", home.home, name="home"),
    path("about/", home.about, name="about"),
    path("account/datasets/", datasets.my_datasets, name="my_datasets"),
    path("datasets/", datasets.datasets, name="datasets"),
    path("datasets/new/", datasets.dataset_create, name="dataset_create"),
    path("datasets/<int:pk>/", datasets.dataset, name="dataset"),
    path("datasets/<int:pk>/edit/", datasets.dataset_edit, name="dataset_edit"),
    path("datasets/<int:pk>/classes/", classes.class_add, name="class_add"),
    path("datasets/<int:pk>/classes/<int:index>/", classes.class_edit, name="class_edit"),
    path("datasets/<int:pk>/classes/<int:index>/remove/", classes.class_remove, name="class_remove"),
    path("datasets/<int:pk>/classes/<int:index>/restore/", classes.class_restore, name="class_restore"),
    path("datasets/<int:pk>/label/", datasets.dataset_label, name="dataset_label"),
    path("datasets/<int:pk>/export.csv", datasets.dataset_export, name="dataset_export"),
    path("datasets/<int:pk>/upload/", uploads.upload, name="upload"),
    path("upload/", uploads.upload_choose, name="upload_choose"),
    path("images/<int:pk>/", images.image, name="image"),
    path("images/<int:pk>/tags/", images.image_tags, name="image_tags"),
    path("images/<int:pk>/file", images.image_file, name="image_file"),
    path("images/<int:pk>/thumbnail", images.image_thumbnail, name="image_thumbnail"),
    path("images/<int:pk>/delete/", images.image_delete, name="image_delete"),
]
