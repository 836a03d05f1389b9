from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "zhida.blocks.cases"
    label = "cases"
