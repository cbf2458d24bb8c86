from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    name = "incidents"
    verbose_name = "What happened: incidents, evidence, messages, indicators"

    def ready(self) -> None:
        from incidents.selectors import active_counts  # models can be imported only now
        from tenants import extensions

        extensions.register(active_counts)
