from django.apps import AppConfig
from django.core.checks import register


class IncidentsConfig(AppConfig):
    name = "incidents"
    verbose_name = "What happened: incidents, evidence, messages, indicators"

    def ready(self) -> None:
        from incidents.evidence.places import check_databases
        from incidents.selectors import active_counts  # models can be imported only now
        from tenants import extensions

        extensions.register(active_counts)
        register(check_databases)
