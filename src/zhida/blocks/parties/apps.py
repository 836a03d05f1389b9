from django.apps import AppConfig


class PartiesConfig(AppConfig):
    name = "zhida.blocks.parties"
    label = "parties"
