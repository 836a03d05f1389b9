from django.apps import AppConfig


class RecordsConfig(AppConfig):
    name = "zhida.blocks.records"
    label = "records"
