"""The cockpit's face, and the audit log."""

from django.urls import path

from zhida.web.cockpit import audit, cases, casework, views

app_name = "cockpit"
urlpatterns = [
    path("cockpit/", views.city, name="city"),
    path("cockpit/area/<int:code>/", views.area, name="area"),
    path("cockpit/benefit/<slug:code>/", views.benefit, name="benefit"),
    path("cockpit/quality/", views.quality, name="quality"),
    path("cockpit/cases/", cases.cases_here, name="cases"),
    path("cockpit/cases/<int:code>/", cases.cases_area, name="cases_area"),
    path("cockpit/casework/", casework.casework_here, name="casework"),
    path("cockpit/casework/<int:code>/", casework.casework_area, name="casework_area"),
    path("audit/", audit.log, name="audit"),
]
