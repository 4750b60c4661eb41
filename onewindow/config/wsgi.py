"""The door for any WSGI server; `onewindow serve` runs granian on it."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from onewindow.config.start import loading

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "onewindow.config.settings")
with loading():
    application = get_wsgi_application()
    get_resolver().url_patterns  # noqa: B018 – all pages too, so that the first visitor does not wait for them
