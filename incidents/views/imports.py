"""Audit logs imported into a tenant: the page, and the upload."""

import secrets
from pathlib import Path

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from incidents.contexts.imports import imports_view
from incidents.imports.ordering import ImportRefused, file_check, import_order, uploads_folder
from tenants.access import can_act
from tenants.permissions import TenantRequest, acting, check_form_tenant, tenant_page

MEGABYTE = 1_000_000


def _page(request: TenantRequest, *, status: int = 200, refusal: str = "") -> HttpResponse:
    template = "incidents/_imports.html" if request.htmx else "incidents/imports.html"
    context = {
        "tenant": request.tenant,
        "imports": imports_view(tenant=request.tenant),
        "can_act": can_act(request.user),
        "refusal": refusal,
        "megabytes": settings.IMPORT_MEGABYTES,
    }
    return render(request, template, context, status=status)


@require_safe
@never_cache
@tenant_page
def imports(request: TenantRequest) -> HttpResponse:
    """What was imported, and how far what is being read has come."""
    return _page(request)


@require_POST
@tenant_page
@acting
def import_upload(request: TenantRequest) -> HttpResponse:
    """Take a file, and let a worker read it. What is no audit log is refused at once, and nothing is kept of it."""
    check_form_tenant(request)
    upload = request.FILES.get("file")
    if upload is None:
        return _page(request, status=422, refusal="Choose a file first. Nothing was stored.")
    if (upload.size or 0) > settings.IMPORT_MEGABYTES * MEGABYTE:
        words = f"The file is larger than {settings.IMPORT_MEGABYTES:,} MB. Use manage.py import_audit_log for it."
        return _page(request, status=422, refusal=f"{words} Nothing was stored.")
    path = _keep(upload)
    try:
        file_check(path)
        import_order(tenant=request.tenant, path=path, file_name=upload.name or "audit log", by=request.user)
    except ImportRefused as refusal:
        path.unlink(missing_ok=True)
        return _page(request, status=422, refusal=str(refusal))
    return HttpResponse(status=303, headers={"Location": reverse("incidents:imports", args=[request.tenant.slug])})


def _keep(upload: "UploadedFile[bytes]") -> Path:
    """The upload as a file that Petra alone may read."""
    path = uploads_folder() / f"{secrets.token_hex(16)}.log"
    path.touch(mode=0o600)
    with path.open("wb") as file:
        for piece in upload.chunks():
            file.write(piece)
    return path
