from django.apps import AppConfig


class RemediationConfig(AppConfig):
    name = "remediation"
    verbose_name = "What we do about it: work orders and action runs"

    def ready(self) -> None:
        from incidents import extensions
        from remediation.extension import RemediationPort

        extensions.register(RemediationPort())
