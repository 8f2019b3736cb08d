# The service, as gunicorn serves it. Build: docker build -t dynamodb-items .
ARG PYTHON_IMAGE=python:3.13-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
# extras.lock has what ITEMS_OTEL and a Redis for ITEMS_RATE_LIMIT_STORAGE need besides.
ARG REQUIREMENTS=image.lock
COPY requirements/image.lock /build/
COPY requirements/extras.lock /build/
# The environment has no pip of its own: what installs does not ship.
RUN python -m venv --without-pip /venv \
    && python -m pip --python /venv/bin/python install \
        --no-cache-dir --disable-pip-version-check --require-hashes -r "/build/${REQUIREMENTS}"
# The wheel is built with pinned tools, in an environment that does not ship.
COPY requirements/build.lock /build/
RUN python -m venv /build/venv \
    && /build/venv/bin/python -m pip install \
        --no-cache-dir --disable-pip-version-check --require-hashes -r /build/build.lock
COPY pyproject.toml /source/
COPY setup.cfg /source/
COPY README.md /source/
COPY LICENSE /source/
COPY service /source/service
COPY deploy /source/deploy
# The file system may be read-only at run time, so Python writes its bytecode now.
RUN /build/venv/bin/python -m build --no-isolation --wheel --outdir /build /source \
    && python -m pip --python /venv/bin/python install --no-cache-dir --no-deps --no-index /build/*.whl \
    && /venv/bin/python -m compileall -q /venv/lib

FROM ${PYTHON_IMAGE}
RUN python -m pip uninstall --yes --quiet --root-user-action ignore pip
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/live', timeout=2)"]
# It is reached from outside the container, so ITEMS_AUTH has to be set: docs/access.md.
CMD ["dynamodb-items", "serve", "--bind", "0.0.0.0:8000"]
