"""What the panel tells beside the buttons: how far a step reaches for this kind of account, and what else to do."""

from incidents.models import Account
from remediation import policies


def containment_advice(account: Account) -> tuple[list[str], list[str]]:
    """What the lock reaches for this kind of account, and what has to be done elsewhere."""
    advice = []
    if policies.is_privileged(account):
        advice.append(
            "This account holds admin roles: Microsoft lets Petra lock it only where Petra's application holds "
            "Privileged Authentication Administrator in this tenant."
        )
    if account.is_guest:
        advice.append("A guest signs in at home: the lock keeps them out of this tenant, their own sessions go on.")
    if not account.is_synced:
        return advice, []
    advice.append(
        "Synchronized from on-premises: the lock holds in the cloud at once, but the next synchronization unlocks the "
        "account again unless it is disabled on-premises, too. Give these commands to the on-premises administrator."
    )
    name = _quoted(account.on_premises_sam_account_name or account.user_principal_name)
    return advice, [f"Disable-ADAccount -Identity {name}", "Start-ADSyncSyncCycle -PolicyType Delta"]


def password_advice(account: Account) -> tuple[list[str], list[str]]:
    if not account.is_synced:
        return ["Call the person. Never send a password by mail: the mailbox may still be read by others."], []
    name = _quoted(account.on_premises_sam_account_name or account.user_principal_name)
    reset = f"Set-ADAccountPassword -Identity {name} -Reset -NewPassword (Read-Host -AsSecureString 'New password')"
    advice = (
        "The password of this account lives on-premises; Microsoft refuses a reset from here. The on-premises "
        "administrator has to reset it twice, so that the old one cannot be replayed."
    )
    return [advice], [reset, reset, "Start-ADSyncSyncCycle -PolicyType Delta"]


def _quoted(name: str) -> str:
    """A name as a PowerShell string literal; quotes in it are doubled."""
    return "'" + name.replace("'", "''") + "'"
