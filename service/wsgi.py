"""The production entry: ``gunicorn -c python:service.gunicorn_conf service.wsgi:app``."""

import os
import sys

import structlog

from service.app import create_app, create_repository
from service.settings import Settings, SettingsError, unknown_variables
from service.web.telemetry import configure_logging

try:
    _settings = Settings.from_environment(os.environ)
except SettingsError as error:
    # gunicorn takes this status as "the app cannot load" and does not try again for ever.
    sys.stderr.write("The service cannot start; mend its environment:\n")
    sys.stderr.writelines(f"  {mistake}\n" for mistake in error.mistakes)
    sys.exit(4)

configure_logging(_settings.log_level)
for _sentence in unknown_variables(os.environ):
    structlog.get_logger(__name__).warning("unknown setting", detail=_sentence)

app = create_app(_settings, create_repository(_settings))
