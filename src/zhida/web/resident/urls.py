"""The resident's face."""

from django.urls import path

from zhida.web.resident import views

app_name = "resident"
urlpatterns = [
    path("", views.happiness_list, name="list"),
    path("list.csv", views.list_csv, name="list_csv"),
    path("history/", views.history, name="history"),
    path("sharing/", views.sharing, name="sharing"),
    path("appeals/", views.my_appeals, name="appeals"),
    path("<slug:benefit>/<int:entity_no>/", views.why, name="why"),
    path("<slug:benefit>/<int:entity_no>/wrong/", views.appeal, name="appeal"),
]
