"""The resident's face."""

app_name = "resident"
urlpatterns: list = []
