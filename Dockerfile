# The service with gunicorn. Build: docker build -t dynamodb-items .
ARG PYTHON_IMAGE=python:3.13-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
# extras.lock also has the packages for ITEMS_OTEL and for Redis in ITEMS_RATE_LIMIT_STORAGE.
ARG REQUIREMENTS=image.lock
COPY requirements/image.lock /build/
COPY requirements/extras.lock /build/
# The environment has no pip, since the image does not ship an installer.
RUN python -m venv --without-pip /venv \
    && python -m pip --python /venv/bin/python install \
        --no-cache-dir --disable-pip-version-check --require-hashes -r "/build/${REQUIREMENTS}"
# Pinned tools build the wheel, in an environment that does not ship.
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
# Write bytecode now, since the file system may be read-only at run time.
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
# Listens on all addresses, so ITEMS_AUTH must be set: docs/access.md.
CMD ["dynamodb-items", "serve", "--bind", "0.0.0.0:8000"]
