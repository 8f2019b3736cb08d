# make run       run the service on this machine, with an embedded engine and sample items
# make unit      run the tests that need Python alone, in seconds
# make test      run every test, or those in PYTEST_ARGS, and install what they need;
#                ITEMS_FLEET_LONG=1 for the long form of tests/fleet
# make soak      an hour of mixed load, failures and random sequences; ITEMS_SOAK_SECONDS=300 for less
# make check     style, types, imports between packages, sizes, words, spelling, generated files, common
#                vulnerabilities, licences; writes build/sbom.json
# make fix       fix what can be fixed automatically
# make bench     processor time per request, compared with other servers
# make sdk       clients generated from the OpenAPI document
# make docs      the documentation as a site, in build/site
# make release   wheel, sdist, deploy archive, bill of materials and checksums, in build/release
# make programs  install the programs that tests need, as root on Debian
# make lock      pin the newest releases

# The first Python that is new enough; `make run PYTHON=…` selects another one.
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

# The folders of tests in PYTEST_ARGS; without one, every test is run.
FOLDERS = $(filter tests/%,$(PYTEST_ARGS))
EVERY_TEST = $(if $(FOLDERS),$(filter tests tests/,$(PYTEST_ARGS)),yes)
# $(call for,FOLDERS,TOOLS): the tools, if a test in one of the folders is chosen.
for = $(if $(EVERY_TEST)$(filter $(patsubst %,tests/%%,$(1)),$(FOLDERS)),$(2))
WITH_ENGINE = $(EVERY_TEST)$(filter-out tests/unit% tests/docs%,$(FOLDERS))

SDK_TOOLS = build/.programs .venv-sdk/.installed tests/sdk/node_modules/.installed
# The TypeScript of docs/clients.md is compiled with the compiler of the generated clients.
DOCS_TOOLS = tests/docs/openapi_lint/node_modules/.installed tests/sdk/node_modules/.installed
TEST_TOOLS = .venv/.tests $(if $(WITH_ENGINE),.venv-ministack/.installed) $(call for,sdk,$(SDK_TOOLS)) \
	$(call for,docs,$(DOCS_TOOLS)) $(call for,observability,build/prometheus/.unpacked) \
	$(call for,deploy,.venv-awscli/.installed .venv-build/.installed) \
	$(call for,browser deploy docs fleet proxies,build/.programs)

test: $(TEST_TOOLS)
	.venv/bin/python -m pytest $(PYTEST_ARGS)

# A tenth of the examples of property tests; `make test` runs all of them. Importing the plugins of
# the other tests would take as long as hundreds of unit tests.
UNIT_PLUGINS = xdist pytest_timeout pytest_cov _hypothesis_pytestplugin
unit: .venv/.tests
	PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 .venv/bin/python -m pytest tests/unit $(UNIT_PLUGINS:%=-p %) \
		-n 2 --hypothesis-profile quick $(PYTEST_ARGS)

# The contract holds without the fast path too; one engine is enough to show it.
test-botocore: .venv/.tests .venv-ministack/.installed
	ITEMS_TEST_FAST_PATH=false .venv/bin/python -m pytest -k "not moto" \
		$(or $(PYTEST_ARGS),tests/contract tests/faults)

soak: .venv/.tests .venv-ministack/.installed
	.venv/bin/python -m pytest -m soak $(PYTEST_ARGS)

check: .venv/.tools
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/codespell
	.venv/bin/python -m pytest --quiet tests/docs/test_vocabulary.py tests/docs/test_layout.py
	.venv/bin/python -m openapi check
	.venv/bin/bandit --quiet --configfile pyproject.toml --recursive service openapi deploy
	requirements/audit

fix: .venv/.tools
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .
	.venv/bin/python -m openapi write

bench: .venv/.local .venv-bench-service/.installed .venv-bench/.installed .venv-awscli/.installed bench/peers/fastify/node_modules/.installed
	@bench/install-programs
	@bench/build-go
	.venv/bin/python -m bench --json build/bench.json --svg build/bench.svg $(BENCH_ARGS)

sdk: .venv/.tests $(SDK_TOOLS)
	.venv/bin/python -m tests.sdk

# Without --quiet, which hides the warnings that --strict counts: broken links would pass.
docs: .venv/.tests
	NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --strict

release: .venv/.tests .venv-build/.installed
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

# ministack pins botocore, so it has its own environment.
.venv-ministack/.installed: requirements/ministack.lock | .venv-ministack/bin/python
	@requirements/install .venv-ministack $<
	@touch $@

.venv-sdk/.installed: requirements/sdk.lock | .venv-sdk/bin/python
	@requirements/install .venv-sdk $<
	@touch $@

# Only the packages of the image. The packages of the other servers pin other versions of botocore.
.venv-bench-service/.installed: requirements/image.lock | .venv-bench-service/bin/python
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

# It writes nothing here, since it is run as root.
programs:
	@requirements/programs

# A stamp is set only once everything is installed.
build/.programs: requirements/programs
	@requirements/programs $@

build/prometheus/.unpacked: requirements/prometheus
	@requirements/prometheus $(@D)

%/node_modules/.installed: %/package-lock.json | build/.programs
	@if command -v npm >/dev/null; then \
		echo "Installing the npm packages of $* …"; npm ci --prefix $* --loglevel=error && touch $@; \
	else \
		echo "npm is not installed: the tests that need it will fail."; fi
