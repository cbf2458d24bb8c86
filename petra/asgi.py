"""ASGI entry point: `uvicorn petra.asgi:application`."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "petra.settings")

application = get_asgi_application()
