"""Calls about inbox rules over Graph. Hidden rules are seen only by Exchange: `exchange.inbox_rules`."""

from graph.odata import path
from graph.request import Request, mailbox_lane


def list_rules(user_id: str) -> Request:
    """GET /users/{id}/mailFolders/inbox/messageRules: the rules that are not hidden. Permission: MailboxSettings.Read.

    https://learn.microsoft.com/graph/api/mailfolder-list-messagerules
    """
    address = path("/users/{}/mailFolders/inbox/messageRules", user_id)
    return Request("GET", address, lane=mailbox_lane(user_id))


def set_enabled(user_id: str, rule_id: str, enabled: bool) -> Request:
    """PATCH /users/{id}/mailFolders/inbox/messageRules/{id}: switch a rule. Permission: MailboxSettings.ReadWrite.

    Refused for rules with `isReadOnly`. https://learn.microsoft.com/graph/api/messagerule-update
    """
    address = path("/users/{}/mailFolders/inbox/messageRules/{}", user_id, rule_id)
    return Request("PATCH", address, lane=mailbox_lane(user_id), body={"isEnabled": enabled})
