"""The routes."""

from flask.views import MethodView


class Resource(MethodView):
    """The methods of one path; it has no state, so all requests share one object."""

    init_every_request = False
