from django.apps import AppConfig


class PoliciesConfig(AppConfig):
    name = "zhida.blocks.policies"
    label = "policies"
