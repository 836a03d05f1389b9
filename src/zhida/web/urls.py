"""Pages that belong to no face: the front door, signing in, language and display."""

from django.urls import path

from zhida.web import services, stop_link, verify, views

urlpatterns = [
    path("", views.front, name="front"),
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("language/", views.language, name="language"),
    path("display/", views.display, name="display"),
    path("verify/", verify.verify, name="verify"),
    path("services/", services.services, name="services"),
    path("services/basic/", services.basic, name="basic_services"),
    path("services/basic.csv", services.basic_csv, name="basic_services_csv"),
    path("services/<slug:key>/", services.service, name="service"),
    path("catalogue.jsonld", services.jsonld, name="catalogue_jsonld"),
    path("catalogue.ttl", services.turtle, name="catalogue_ttl"),
    path("notices/stop/<str:token>/", stop_link.stop, name="stop_link"),
]
