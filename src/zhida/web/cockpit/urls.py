"""The cockpit's face, and the audit log."""

from django.urls import path

from zhida.web.cockpit import audit, views

app_name = "cockpit"
urlpatterns = [
    path("cockpit/", views.city, name="city"),
    path("cockpit/area/<int:code>/", views.area, name="area"),
    path("cockpit/benefit/<slug:code>/", views.benefit, name="benefit"),
    path("cockpit/quality/", views.quality, name="quality"),
    path("audit/", audit.log, name="audit"),
]
