from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "zhida.blocks.payments"
    label = "payments"
