# make run     the service on this machine, with an embedded engine and sample items
# make test    every test
# make soak    an hour of mixed load, faults and random sequences; ITEMS_SOAK_SECONDS=300 for less
# make check   style, types, architecture, fresh documents
# make fix     what can be mended by itself
# make bench   processor time per request, beside its peers
# make sdk     a client generated from the OpenAPI document
# make lock    pin the newest releases

# The first Python that is new enough; `make run PYTHON=…` names another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
PORT ?= 8000
ENDPOINT ?=
PYTEST_ARGS ?=
BENCH_ARGS ?=

.DELETE_ON_ERROR:
.PHONY: run test test-botocore soak check fix bench sdk lock clean

run: .venv/.local
	@exec .venv/bin/python -m service.local --port $(PORT) $(if $(ENDPOINT),--endpoint $(ENDPOINT))

test: .venv/.tests .venv-ministack/.installed tests/docs/openapi_lint/node_modules/.installed
	.venv/bin/python -m pytest $(PYTEST_ARGS)

# What is promised holds without the fast path too; the faster engine will do.
test-botocore: .venv/.tests .venv-ministack/.installed
	ITEMS_TEST_FAST_PATH=false .venv/bin/python -m pytest tests/contract tests/faults -k "not moto"

soak: .venv/.tests .venv-ministack/.installed
	.venv/bin/python -m pytest -m soak $(PYTEST_ARGS)

check: .venv/.tools
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/python -m openapi check

fix: .venv/.tools
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .
	.venv/bin/python -m openapi write

bench: .venv/.local .venv-bench-service/.installed .venv-bench/.installed .venv-awscli/.installed bench/peers/fastify/node_modules/.installed
	@bench/install-programs
	.venv/bin/python -m bench --json build/bench.json --svg build/bench.svg $(BENCH_ARGS)

sdk: .venv-sdk/.installed
	rm -rf build/sdk
	mkdir -p build
	.venv-sdk/bin/openapi-python-client generate --path openapi/openapi.json --output-path build/sdk

lock:
	requirements/lock

clean:
	rm -rf .venv .venv-* build tests/docs/openapi_lint/node_modules bench/peers/fastify/node_modules

# Each environment is a superset of the one before, with the same versions.
.venv/.local: requirements/local.lock | .venv/bin/python
	@requirements/install .venv $<
	@touch $@

.venv/.tests: requirements/tests.lock | .venv/bin/python
	@requirements/install .venv $<
	@touch $@

.venv/.tools: requirements/tools.lock | .venv/bin/python
	@requirements/install .venv $<
	@touch $@

# ministack pins botocore, so it lives apart.
.venv-ministack/.installed: requirements/ministack.lock | .venv-ministack/bin/python
	@requirements/install .venv-ministack $<
	@touch $@

.venv-sdk/.installed: requirements/sdk.lock | .venv-sdk/bin/python
	@requirements/install .venv-sdk $<
	@touch $@

# The service as it is shipped, and granian; the peers' packages pin botocore, each another one.
.venv-bench-service/.installed: requirements/bench-service.lock | .venv-bench-service/bin/python
	@requirements/install .venv-bench-service $<
	@touch $@

.venv-bench/.installed: requirements/bench.lock | .venv-bench/bin/python
	@requirements/install .venv-bench $<
	@touch $@

.venv-awscli/.installed: requirements/awscli.lock | .venv-awscli/bin/python
	@requirements/install .venv-awscli $<
	@touch $@

.venv/bin/python .venv-ministack/bin/python .venv-sdk/bin/python .venv-bench-service/bin/python .venv-bench/bin/python .venv-awscli/bin/python:
	@requirements/make-venv "$(PYTHON)" $(@:/bin/python=)

tests/docs/openapi_lint/node_modules/.installed: tests/docs/openapi_lint/package-lock.json
	@if command -v npm >/dev/null; then \
		echo "Installing the OpenAPI linters …"; npm ci --prefix $(<D) --loglevel=error; \
	else \
		echo "npm is not here: the OpenAPI linters' test will say so."; mkdir -p $(@D); fi
	@touch $@

bench/peers/fastify/node_modules/.installed: bench/peers/fastify/package-lock.json
	@if command -v npm >/dev/null; then \
		echo "Installing Fastify and AWS's SDK for JavaScript …"; npm ci --prefix $(<D) --loglevel=error; \
	else \
		echo "npm is not here: the bench leaves Fastify out."; mkdir -p $(@D); fi
	@touch $@
