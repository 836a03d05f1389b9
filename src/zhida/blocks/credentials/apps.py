from django.apps import AppConfig


class CredentialsConfig(AppConfig):
    name = "zhida.blocks.credentials"
    label = "credentials"
