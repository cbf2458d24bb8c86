"""Reads of the incidents app. Each sees the open scope and nothing else; the caller opens it."""

from incidents.selectors.evidence import EvidenceCounts, evidence_counts
from incidents.selectors.incidents import (
    NEWEST_FIRST,
    SORTS,
    active_counts,
    incident_counts,
    incident_get,
    incident_list,
    incident_owners,
    incident_trail,
    incidents_open,
)
from incidents.selectors.indicators import indicator_get, matches_any, of_attacker
from incidents.selectors.log_search import LogChoice, LogPage, log_counts, log_page
from incidents.selectors.logbook import (
    Logbook,
    log_accounts,
    logbook_of_account,
    logbook_of_incident,
    logbook_of_tenant,
)
from incidents.selectors.logs import (
    Keyset,
    attacker_counts,
    attacker_records,
    incident_records,
    log_record_get,
    own_records,
    tagged_message_ids,
    tenant_record_get,
)
from incidents.selectors.places import connections_by_tenant, protected_accounts

__all__ = [
    "NEWEST_FIRST",
    "SORTS",
    "EvidenceCounts",
    "Keyset",
    "LogChoice",
    "LogPage",
    "Logbook",
    "active_counts",
    "attacker_counts",
    "attacker_records",
    "connections_by_tenant",
    "evidence_counts",
    "incident_counts",
    "incident_get",
    "incident_list",
    "incident_owners",
    "incident_records",
    "incident_trail",
    "incidents_open",
    "indicator_get",
    "log_accounts",
    "log_counts",
    "log_page",
    "log_record_get",
    "logbook_of_account",
    "logbook_of_incident",
    "logbook_of_tenant",
    "matches_any",
    "of_attacker",
    "own_records",
    "protected_accounts",
    "tagged_message_ids",
    "tenant_record_get",
]
