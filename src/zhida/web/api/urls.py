"""The machine interface. Described at /api/openapi.json and in docs/till-api.md."""

from django.urls import path, re_path
from django.views.decorators.csrf import csrf_exempt

from zhida.web.api import views

app_name = "api"
urlpatterns = [
    path("openapi.json", views.document, name="document"),
    path("till/events", views.events, name="events"),
    path("till/events/<str:key>", views.event, name="event"),
    path("till/events/<str:key>/refunds", views.refunds, name="refunds"),
    path("till/entitlements", views.entitlement, name="entitlement"),
    re_path("^(?P<rest>.*)$", csrf_exempt(views.nothing)),
]
