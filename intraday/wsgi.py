"""Plain HTTP, for tools that know WSGI only; sockets need intraday.asgi."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "intraday.settings")

application = get_wsgi_application()
