# make run     the service on this machine, with an embedded engine and sample items
# make unit    the tests that need Python alone, in seconds
# make test    every test
# make soak    an hour of mixed load, faults and random sequences; ITEMS_SOAK_SECONDS=300 for less
# make check   style, types, architecture, fresh documents, known weaknesses, licences, build/sbom.json
# make fix     what can be mended by itself
# make bench   processor time per request, beside its peers
# make sdk     clients generated from the OpenAPI document
# make release  wheel, sdist, deploy archive, bill of materials and checksums, in build/release
# make docs    the documentation as a site, in build/site
# make programs  what the tests run besides Python, as root on Debian or Ubuntu
# make lock    pin the newest releases

# The first Python that is new enough; `make run PYTHON=…` names another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
PORT ?= 8000
ENDPOINT ?=
PYTEST_ARGS ?=
BENCH_ARGS ?=

.DELETE_ON_ERROR:
.PHONY: run programs unit test test-botocore soak check fix bench sdk docs release lock clean

run: .venv/.local
	@exec .venv/bin/python -m dynamodb_items.local --port $(PORT) $(if $(ENDPOINT),--endpoint $(ENDPOINT))

TEST_TOOLS = .venv/.tests .venv-ministack/.installed $(SDK_TOOLS) build/prometheus/.unpacked \
	tests/docs/openapi_lint/node_modules/.installed
SDK_TOOLS = build/.programs .venv-sdk/.installed tests/sdk/node_modules/.installed

test: $(TEST_TOOLS)
	.venv/bin/python -m pytest $(PYTEST_ARGS)

# A tenth of the examples of property tests; `make test` runs all of them.
unit: .venv/.tests
	.venv/bin/python -m pytest tests/unit -n 2 --hypothesis-profile quick $(PYTEST_ARGS)

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
	.venv/bin/bandit --quiet --configfile pyproject.toml --recursive service openapi deploy
	requirements/audit

fix: .venv/.tools
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .
	.venv/bin/python -m openapi write

bench: .venv/.local .venv-bench-service/.installed .venv-bench/.installed .venv-awscli/.installed bench/peers/fastify/node_modules/.installed
	@bench/install-programs
	.venv/bin/python -m bench --json build/bench.json --svg build/bench.svg $(BENCH_ARGS)

sdk: .venv/.tests $(SDK_TOOLS)
	.venv/bin/python -m tests.sdk

# Not --quiet: it hides the warnings that --strict counts, so that broken links pass.
docs: .venv/.tests
	NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --strict

release: .venv/.tools .venv-build/.installed
	deploy/release.sh

lock:
	requirements/lock

clean:
	rm -rf .venv .venv-* build tests/docs/openapi_lint/node_modules tests/sdk/node_modules bench/peers/fastify/node_modules

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

.venv-build/.installed: requirements/build.lock | .venv-build/bin/python
	@requirements/install .venv-build $<
	@touch $@

.venv-awscli/.installed: requirements/awscli.lock | .venv-awscli/bin/python
	@requirements/install .venv-awscli $<
	@touch $@

.venv/bin/python .venv-ministack/bin/python .venv-sdk/bin/python .venv-bench-service/bin/python .venv-bench/bin/python .venv-build/bin/python .venv-awscli/bin/python:
	@requirements/make-venv "$(PYTHON)" $(@:/bin/python=)

programs: build/.programs

build/.programs: requirements/programs
	@mkdir -p $(@D)
	@requirements/programs
	@touch $@

build/prometheus/.unpacked: requirements/prometheus
	@requirements/prometheus $(@D)
	@mkdir -p $(@D)
	@touch $@

%/node_modules/.installed: %/package-lock.json | build/.programs
	@if command -v npm >/dev/null; then \
		echo "Installing the npm packages of $* …"; npm ci --prefix $* --loglevel=error; \
	else \
		echo "npm is not here: the tests that need it will say so."; mkdir -p $(@D); fi
	@touch $@
