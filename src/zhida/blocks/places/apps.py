from django.apps import AppConfig


class PlacesConfig(AppConfig):
    name = "zhida.blocks.places"
    label = "places"
