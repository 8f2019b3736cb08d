"""The WSGI application that ``dynamodb-items serve`` starts under gunicorn."""

import os
import sys

import structlog
from flask import Flask

from dynamodb_items.app import create_app, create_observer, create_repository
from dynamodb_items.config.settings import Settings, SettingsError, unknown_variables
from dynamodb_items.observability.logs import configure_logging
from dynamodb_items.runtime.output import count_lost_lines

log = structlog.get_logger(__name__)

UNSEEN_ADDRESS = (
    "ITEMS_AUTH must be set: without gunicorn's -c python:dynamodb_items.gunicorn_conf the service "
    "does not know whether other machines can reach its address."
)


def _app() -> Flask:
    settings = Settings.from_environment(os.environ)
    if settings.auth is None and "dynamodb_items.gunicorn_conf" not in sys.modules:
        raise SettingsError([UNSEEN_ADDRESS])
    configure_logging(settings.log_level)
    for sentence in unknown_variables(os.environ):
        log.warning("unknown setting", detail=sentence)
    if names := settings.indexes_without_ttl:
        log.warning("expired items in indexes", indexes=names)
    observer = create_observer(settings)
    count_lost_lines(observer.log_lines_lost)
    return create_app(settings, create_repository(settings, observer), observer)


try:
    app = _app()
except SettingsError as error:
    error.exit()
