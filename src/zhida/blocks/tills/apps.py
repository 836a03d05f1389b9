from django.apps import AppConfig


class TillsConfig(AppConfig):
    name = "zhida.blocks.tills"
    label = "tills"
