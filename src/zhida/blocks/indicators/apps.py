from django.apps import AppConfig


class IndicatorsConfig(AppConfig):
    name = "zhida.blocks.indicators"
    label = "indicators"
