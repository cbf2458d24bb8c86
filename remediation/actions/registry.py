"""Every action by its key. An action is added here, and in docs/reference/actions.md."""

from remediation.actions.base import Action
from remediation.actions.clear_forwarding import ClearForwarding
from remediation.actions.disable_application import DisableApplication
from remediation.actions.disable_device import DisableDevice
from remediation.actions.disable_inbox_rule import DisableInboxRule
from remediation.actions.disable_service_principal import DisableServicePrincipal
from remediation.actions.enable_account import EnableAccount
from remediation.actions.lock_account import LockAccount
from remediation.actions.remove_auth_method import RemoveAuthMethod
from remediation.actions.remove_mailbox_permission import RemoveMailboxPermission
from remediation.actions.reset_password import ResetPassword
from remediation.actions.retract_message import RetractMessage
from remediation.actions.revoke_consent import RevokeConsent
from remediation.actions.revoke_sessions import RevokeSessions

ACTIONS: dict[str, Action] = {
    action.key: action
    for action in (
        LockAccount(),
        RevokeSessions(),
        RetractMessage(),
        DisableInboxRule(),
        ClearForwarding(),
        RemoveMailboxPermission(),
        DisableApplication(),
        DisableServicePrincipal(),
        RevokeConsent(),
        DisableDevice(),
        RemoveAuthMethod(),
        ResetPassword(),
        EnableAccount(),
    )
}
