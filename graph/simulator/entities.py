"""What v1.0 knows of each entity: its properties, those returned when nothing is selected, and how one is shown.

Property names from microsoftgraph/msgraph-metadata (MIT), snapshot 2026-08-20. A star marks a collection. The beta
endpoint shows whatever else an object carries.
"""

from __future__ import annotations

from typing import Any

from graph.simulator.calls import bad_request

_V1: dict[str, str] = {
    "user": (
        "id deletedDateTime aboutMe accountEnabled ageGroup assignedLicenses* assignedPlans* authorizationInfo "
        "birthday businessPhones* city companyName consentProvidedForMinor country createdDateTime creationType "
        "customSecurityAttributes department deviceEnrollmentLimit displayName employeeHireDate employeeId "
        "employeeLeaveDateTime employeeOrgData employeeType externalUserState externalUserStateChangeDateTime "
        "faxNumber givenName hireDate identities* identityParentId imAddresses* interests* isManagementRestricted "
        "isResourceAccount jobTitle lastPasswordChangeDateTime legalAgeGroupClassification "
        "licenseAssignmentStates* mail mailboxSettings mailNickname mobilePhone mySite officeLocation "
        "onPremisesDistinguishedName onPremisesDomainName onPremisesExtensionAttributes onPremisesImmutableId "
        "onPremisesLastSyncDateTime onPremisesProvisioningErrors* onPremisesSamAccountName "
        "onPremisesSecurityIdentifier onPremisesSyncEnabled onPremisesUserPrincipalName otherMails* "
        "passwordPolicies passwordProfile pastProjects* postalCode preferredDataLocation preferredLanguage "
        "preferredName print provisionedPlans* proxyAddresses* responsibilities* schools* securityIdentifier "
        "serviceProvisioningErrors* showInAddressList signInActivity signInSessionsValidFromDateTime skills* "
        "state streetAddress surname usageLocation userPrincipalName userType"
    ),
    "message": (
        "id categories* changeKey createdDateTime lastModifiedDateTime bccRecipients* body bodyPreview "
        "ccRecipients* conversationId conversationIndex flag from hasAttachments importance "
        "inferenceClassification internetMessageHeaders* internetMessageId isDeliveryReceiptRequested isDraft "
        "isRead isReadReceiptRequested parentFolderId receivedDateTime replyTo* sender sentDateTime subject "
        "toRecipients* uniqueBody webLink"
    ),
    "mailFolder": "id childFolderCount displayName isHidden parentFolderId totalItemCount unreadItemCount",
    "messageRule": "id actions conditions displayName exceptions hasError isEnabled isReadOnly sequence",
    "oAuth2PermissionGrant": "id clientId consentType principalId resourceId scope",
    "appRoleAssignment": (
        "id deletedDateTime appRoleId createdDateTime principalDisplayName principalId principalType "
        "resourceDisplayName resourceId"
    ),
    "application": (
        "id deletedDateTime addIns* api appId applicationTemplateId appRoles* authenticationBehaviors "
        "certification createdByAppId createdDateTime defaultRedirectUri description disabledByMicrosoftStatus "
        "displayName groupMembershipClaims identifierUris* info isDeviceOnlyAuthSupported isDisabled "
        "isFallbackPublicClient keyCredentials* logo managerApplications* nativeAuthenticationApisEnabled notes "
        "oauth2RequirePostResponse optionalClaims parentalControlSettings passwordCredentials* publicClient "
        "publisherDomain requestSignatureVerification requiredResourceAccess* samlMetadataUrl "
        "serviceManagementReference servicePrincipalLockConfiguration signInAudience spa tags* "
        "tokenEncryptionKeyId uniqueName verifiedPublisher web"
    ),
    "servicePrincipal": (
        "id deletedDateTime accountEnabled addIns* alternativeNames* appDescription appDisplayName appId "
        "applicationTemplateId appOwnerOrganizationId appRoleAssignmentRequired appRoles* createdByAppId "
        "customSecurityAttributes description disabledByMicrosoftStatus displayName homepage info isDisabled "
        "keyCredentials* loginUrl logoutUrl notes notificationEmailAddresses* oauth2PermissionScopes* "
        "passwordCredentials* preferredSingleSignOnMode preferredTokenSigningKeyThumbprint replyUrls* "
        "resourceSpecificApplicationPermissions* samlSingleSignOnSettings servicePrincipalNames* "
        "servicePrincipalType signInAudience tags* tokenEncryptionKeyId verifiedPublisher"
    ),
    "device": (
        "id deletedDateTime accountEnabled alternativeSecurityIds* approximateLastSignInDateTime "
        "complianceExpirationDateTime deviceCategory deviceId deviceMetadata deviceOwnership deviceVersion "
        "displayName enrollmentProfileName enrollmentType isCompliant isManaged isManagementRestricted isRooted "
        "managementType manufacturer mdmAppId model onPremisesLastSyncDateTime onPremisesSecurityIdentifier "
        "onPremisesSyncEnabled operatingSystem operatingSystemVersion physicalIds* profileType "
        "registrationDateTime systemLabels* trustType"
    ),
    "phoneAuthenticationMethod": "id createdDateTime phoneNumber phoneType smsSignInState",
    "microsoftAuthenticatorAuthenticationMethod": "id createdDateTime deviceTag displayName phoneAppVersion",
    "fido2AuthenticationMethod": (
        "id createdDateTime aaGuid attestationCertificates* attestationLevel displayName model passkeyType "
        "publicKeyCredential"
    ),
    "softwareOathAuthenticationMethod": "id createdDateTime secretKey",
    "emailAuthenticationMethod": "id createdDateTime emailAddress",
    "temporaryAccessPassAuthenticationMethod": (
        "id createdDateTime isUsable isUsableOnce lifetimeInMinutes methodUsabilityReason startDateTime "
        "temporaryAccessPass"
    ),
    "windowsHelloForBusinessAuthenticationMethod": "id createdDateTime displayName keyStrength",
    "passwordAuthenticationMethod": "id createdDateTime password",
    "platformCredentialAuthenticationMethod": "id createdDateTime displayName keyStrength platform",
    "signIn": (
        "id appDisplayName appId appliedConditionalAccessPolicies* authenticationAppDeviceDetails clientAppUsed "
        "conditionalAccessStatus correlationId createdDateTime deviceDetail homeTenantId ipAddress isInteractive "
        "location resourceDisplayName resourceId resourceTenantId riskDetail riskEventTypes* riskEventTypes_v2* "
        "riskLevelAggregated riskLevelDuringSignIn riskState servicePrincipalId servicePrincipalName status "
        "userAgent userDisplayName userId userPrincipalName"
    ),
    "directoryAudit": (
        "id activityDateTime activityDisplayName additionalDetails* category correlationId initiatedBy "
        "loggedByService operationType result resultReason targetResources*"
    ),
    "riskyUser": (
        "id isDeleted isProcessing riskDetail riskLastUpdatedDateTime riskLevel riskState userDisplayName "
        "userPrincipalName"
    ),
    "riskDetection": (
        "id activity activityDateTime additionalInfo correlationId detectedDateTime detectionTimingType ipAddress "
        "lastUpdatedDateTime location requestId riskDetail riskEventType riskLevel riskState source "
        "tokenIssuerType userDisplayName userId userPrincipalName"
    ),
    "auditLogQuery": (
        "id administrativeUnitIdFilters* displayName filterEndDateTime filterStartDateTime ipAddressFilters* "
        "keywordFilter objectIdFilters* operationFilters* recordTypeFilters* serviceFilters* status "
        "userPrincipalNameFilters*"
    ),
    "auditLogRecord": (
        "id administrativeUnits* auditData auditLogRecordType clientIp createdDateTime objectId operation "
        "organizationId service userId userPrincipalName userType"
    ),
    "exchangeMessageTrace": (
        "id fromIP messageId receivedDateTime recipientAddress senderAddress size status subject toIP"
    ),
    "organization": (
        "id deletedDateTime assignedPlans* businessPhones* city country countryLetterCode createdDateTime "
        "defaultUsageLocation displayName marketingNotificationEmails* mobileDeviceManagementAuthority "
        "onPremisesLastSyncDateTime onPremisesSyncEnabled partnerTenantType postalCode preferredLanguage "
        "privacyProfile provisionedPlans* securityComplianceNotificationMails* "
        "securityComplianceNotificationPhones* state street technicalNotificationMails* tenantType "
        "verifiedDomains*"
    ),
}

_ATTACHMENT = "id contentType isInline lastModifiedDateTime name size"
_V1["attachment"] = _ATTACHMENT
_V1["fileAttachment"] = f"{_ATTACHMENT} contentBytes contentId contentLocation"
_V1["itemAttachment"] = _ATTACHMENT
_V1["referenceAttachment"] = _ATTACHMENT

# Directory roles and domains are not in the metadata at hand; these are their documented properties.
_V1["directoryRole"] = "id deletedDateTime description displayName roleTemplateId"
_V1["domain"] = (
    "id authenticationType availabilityStatus isAdminManaged isDefault isInitial isRoot isVerified"
    " passwordNotificationWindowInDays passwordValidityPeriodInDays supportedServices* state"
)
_V1["unifiedRoleAssignment"] = "id principalId roleDefinitionId directoryScopeId appScopeId"

PROPERTIES: dict[str, dict[str, bool]] = {
    name: {each.rstrip("*"): each.endswith("*") for each in text.split()} for name, text in _V1.items()
}

# DOCS user-get: without $select only these come back; accountEnabled and onPremisesSyncEnabled are not among them.
_DEFAULTS: dict[str, str] = {
    "user": (
        "businessPhones displayName givenName jobTitle mail mobilePhone officeLocation preferredLanguage surname"
        " userPrincipalName id"
    ),
}
_ONLY_WHEN_SELECTED = {
    "message": {"internetMessageHeaders", "uniqueBody"},
    "servicePrincipal": {"customSecurityAttributes"},
    "application": {"logo"},
}


def check_select(entity: str, names: list[str], version: str) -> None:
    """Raises Refusal 400 for a property that the entity does not have (beta has more than is listed here)."""
    known = PROPERTIES[entity]
    for name in names:
        if name not in known and (version != "beta" or name.startswith("_")):
            message = f"Could not find a property named '{name}' on type 'microsoft.graph.{entity}'."
            raise bad_request(f"Parsing OData Select and Expand failed: {message}")


_BOOLEANS = {"accountEnabled", "isEnabled", "isDisabled", "isCompliant", "isManaged", "forceChangePasswordNextSignIn"}


def check_types(values: dict[str, Any]) -> None:
    """Raises Refusal 400 when a switch is not a boolean, the mistake that scripts make with "false"."""
    for name, value in values.items():
        if name in _BOOLEANS and not isinstance(value, bool | None):
            raise bad_request(f"Cannot convert the literal '{value}' to the expected type 'Edm.Boolean'.")


def default_names(entity: str) -> list[str]:
    """The properties that come back when none is selected."""
    if entity in _DEFAULTS:
        return _DEFAULTS[entity].split()
    hidden = _ONLY_WHEN_SELECTED.get(entity, set())
    return [name for name in PROPERTIES[entity] if name not in hidden]


def shown(entity: str, document: dict[str, Any], select: list[str], version: str = "v1.0") -> dict[str, Any]:
    """The object as it leaves the cloud: selected or default properties, null where nothing is stored."""
    known = PROPERTIES[entity]
    answer = {}
    for name in select or default_names(entity):
        answer[name] = document.get(name, [] if known.get(name) else None)
    if version == "beta" and not select and entity not in _DEFAULTS:
        extra = {name: value for name, value in document.items() if name not in known and name[0] not in "_@"}
        answer.update(extra)
    return answer
