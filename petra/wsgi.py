"""WSGI entry point, for tools that insist on one. Live updates need ASGI: serve `petra.asgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "petra.settings")

application = get_wsgi_application()
