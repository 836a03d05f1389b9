"""Pages that belong to no face: the front door, signing in, language and display."""

from django.urls import path

from zhida.web import stop_link, verify, views

urlpatterns = [
    path("", views.front, name="front"),
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("language/", views.language, name="language"),
    path("display/", views.display, name="display"),
    path("verify/", verify.verify, name="verify"),
    path("notices/stop/<str:token>/", stop_link.stop, name="stop_link"),
]
