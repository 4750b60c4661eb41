"""The door for any WSGI server; `onewindow serve` runs granian on it."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "onewindow.config.settings")
application = get_wsgi_application()
