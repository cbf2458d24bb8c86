from django.apps import AppConfig


class PetraConfig(AppConfig):
    name = "petra"
    verbose_name = "Wiring"
