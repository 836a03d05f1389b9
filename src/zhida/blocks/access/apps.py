from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "zhida.blocks.access"
    label = "access"
