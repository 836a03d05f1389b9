from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "zhida.blocks.notices"
    label = "notices"
