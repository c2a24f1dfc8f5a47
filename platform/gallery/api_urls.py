from django.urls import path

from gallery.api import classes, datasets, export, files, images, uploads

urlpatterns = [
    path("datasets/", datasets.DataSets.as_view(), name="api-datasets"),
    path("datasets/<int:pk>/", datasets.OneDataSet.as_view(), name="api-dataset"),
    path("datasets/<int:pk>/classes/", classes.Classes.as_view(), name="api-dataset-classes"),
    path("datasets/<int:pk>/classes/<int:index>/", classes.OneClass.as_view(), name="api-dataset-class"),
    path("datasets/<int:pk>/images/", uploads.Images.as_view(), name="api-dataset-images"),
    path("datasets/<int:pk>/export/", export.Export.as_view(), name="api-dataset-export"),
    path("images/<int:pk>/", images.OneImage.as_view(), name="api-image"),
    path("images/<int:pk>/file/", files.ImageFile.as_view(), name="api-image-file"),
    path("images/<int:pk>/thumbnail/", files.ImageThumbnail.as_view(), name="api-image-thumbnail"),
]
