"""Which page answers at which address. The cockpit's file also holds /audit/, so it is mounted at the root."""

from django.urls import include, path

urlpatterns = [
    path("", include("zhida.web.urls")),
    path("my/", include("zhida.web.resident.urls")),
    path("office/", include("zhida.web.officer.urls")),
    path("api/", include("zhida.web.api.urls")),
    path("", include("zhida.web.cockpit.urls")),
]

handler404 = "zhida.web.errors.not_found"
handler500 = "zhida.web.errors.broken"
