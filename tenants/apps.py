from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "tenants"
    verbose_name = "Who: organization, tenants, members, connections, audit trail"

    def ready(self) -> None:
        from allauth.account.signals import password_changed, password_set  # models can be imported only now
        from allauth.mfa.signals import authenticator_added, authenticator_removed

        from tenants import second_factor

        authenticator_added.connect(second_factor.on_added)
        authenticator_removed.connect(second_factor.on_removed)
        for changed in (password_changed, password_set):
            changed.connect(second_factor.on_password_changed)
