# The commands for people. Everything lands in .venv, node_modules and tests/browser/.cache; nothing needs root.
#   make run PORT=5001    another port (also INTRADAY_HOST=, INTRADAY_SIMULATE=0, INTRADAY_SIMULATE_OUTAGE=now)
#   make test ARGS="-k backlog"

PYTHON  ?=
WORKERS ?= 3
ARGS    ?=
BIN     := .venv/bin

.PHONY: help run test check fmt diagram types bundle clients broker bench faults fuzz soak soak-clients dev hooks release lock clean venv runtime testing packages
.DEFAULT_GOAL := help

help: ## what can be made
	@sed -n 's/^\([a-z-]*\):.*## /  make \1 - /p' Makefile

run: runtime ## start everything in one process, with a demo organization
	@exec $(BIN)/python manage.py up

dev: testing packages ## the same for who changes it: the server starts anew on changes, the console reloads in the browser
	@exec $(BIN)/python scripts/dev.py

hooks: testing packages ## let every commit run the quick checks of what it changes (.pre-commit-config.yaml)
	@exec $(BIN)/pre-commit install

test: testing packages ## the whole suite, on a PostgreSQL and a Valkey of its own
	@if [ -z "$(ARGS)" ] && $(node); then npm test --silent; fi
	@exec $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

check: testing packages ## format, lint, types, imports, structure, diagram, vocabulary, wording, repeats, migrations, settings, API schema, Dockerfile, front end
	@failed=; \
	step() { name=$$1; shift; echo "== $$name"; "$$@" || failed="$$failed, $$name"; }; \
	step format       $(BIN)/ruff format --check .; \
	step lint         $(BIN)/ruff check .; \
	step types        $(BIN)/mypy .; \
	step imports      $(BIN)/lint-imports --no-logo; \
	step structure    $(BIN)/python -m tests.structure; \
	step diagram      $(BIN)/python -m tests.diagram; \
	step vocabulary   $(BIN)/python -m tests.vocabulary; \
	step wording      $(BIN)/python -m tests.wording; \
	step migrations   $(BIN)/python manage.py makemigrations --check --dry-run; \
	step settings     $(BIN)/python manage.py check --fail-level WARNING; \
	step production   env SECRET_KEY="$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))')" \
		DATABASE_URL=postgresql://localhost/check REDIS_URL=redis://localhost EMAIL_URL=dummymail:// \
		INTRADAY_BASE_URL=https://console.example INTRADAY_TRUSTED_PROXIES=1 \
		$(BIN)/python manage.py check --deploy --fail-level WARNING; \
	step 'API schema' $(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null; \
	step Dockerfile   $(BIN)/hadolint docker/Dockerfile; \
	if $(node); then step repeats $(BIN)/python -m tests.repeats; fi; \
	if $(node); then step 'front end' npm run --silent check; fi; \
	if [ -n "$$failed" ]; then echo "Failed: $${failed#, }" >&2; exit 1; fi

fmt: testing packages ## format the code, with the fixes that ruff is sure of
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .
	@if $(node); then npm run --silent fmt; fi

diagram: testing ## draw the rooms and their imports in docs/architecture.md anew
	@$(BIN)/python -m tests.diagram --write

types: testing packages ## write the clients' types and references anew, after a change of messages, rows or payloads
	@$(BIN)/python manage.py protocol > clients/typescript/protocol.schema.json
	@npm run --silent types
	@$(BIN)/python -m scripts.python_client types
	@$(BIN)/python -m scripts.python_reference

bundle: testing packages ## build what is committed: the console, and the packages for other front ends and for Python
	@npm run --silent build
	@$(BIN)/python -m scripts.python_client wheel

clients: testing ## what generators make of the OpenAPI document: lint, compile, run (a minute for the first, then seconds)
	@cd tests/clients; \
	cmp -s package-lock.json node_modules/lock || \
		{ npm ci --loglevel=error >/dev/null && cp package-lock.json node_modules/lock; }; \
	cmp -s requirements.txt .venv/lock || \
		{ ../../$(BIN)/python -m venv .venv && .venv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes \
			-r requirements.txt && cp requirements.txt .venv/lock; }
	@exec $(BIN)/python -m pytest -n 0 tests/clients/generated.py

broker: testing ## a worker and a beat whose path to Redis goes silent, and a job that hangs (a minute)
	@exec $(BIN)/python -m pytest -n 0 tests/faults/silent_broker.py

soak-clients: testing ## half an hour of clients under random faults: nothing lost, doubled or stuck (ARGS="--minutes 5 --seed 7")
	@exec $(BIN)/python -m tests.realtime.soak $(ARGS)

bench: testing ## measure, beside the peers (docs/benchmarks.md holds the last table)
	@exec $(BIN)/python -m bench $(ARGS)

faults: testing ## cause each fault on a production layout, and print what it cost (ARGS="--only lock --seed 3 --short")
	@exec $(BIN)/python -m faults $(ARGS)

fuzz: testing ## hostile requests to every endpoint, form and page: answers of 500, memory (ARGS="--inputs 5000 --seed 2")
	@exec $(BIN)/python -m tests.fuzz $(ARGS)

soak: testing ## an hour of traffic on a production layout: does anything grow (ARGS="--minutes 10 --out FILE")
	@exec $(BIN)/python -m faults.soak $(ARGS)

release: testing ## commit, tag and pack a release, without pushing it (VERSION=0.2.0)
	@exec $(BIN)/python scripts/release.py $(VERSION)

lock: ## resolve the dependencies of pyproject.toml anew
	@PATH="$(BIN):$$PATH"; command -v uv >/dev/null || { echo "make lock needs uv: pip install uv" >&2; exit 1; }; \
	compile="uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header pyproject.toml"; \
	$$compile -o requirements.txt && \
	$$compile --group test -c requirements.txt -o requirements-test.txt

clean: ## remove what was installed and cached; the demo's data in var/ stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	rm -rf node_modules clients/typescript/node_modules console/node_modules tests/*/node_modules tests/browser/.cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The targets below install. A copy of the lock that was installed lies in .venv: as long as it equals the lock, there is
# nothing to do. (Time stamps would not do: switching branches changes them.)

# The candidates are executed, because a name on the PATH may be a shim with no Python behind it.
venv:
	@$(BIN)/python -c '' 2>/dev/null && exit; \
	for python in $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python); do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && break; python=; \
	done; \
	if [ -z "$$python" ]; then \
		echo "Python 3.11 or newer is needed: install it, or name it with PYTHON=/path/to/python3" >&2; exit 1; \
	elif ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "This Python cannot make virtual environments: install its venv package (Debian, Ubuntu: apt install python3-venv)" >&2; exit 1; \
	fi; \
	rm -rf .venv && "$$python" -m venv .venv

define install
	rm -f .venv/requirements*.txt; \
	$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r $(1)
endef

runtime: venv
	@cmp -s requirements.txt .venv/requirements.txt && exit; \
	echo "Installing Django and what else the server needs into .venv (about a minute, once)"; \
	$(call install,requirements.txt) && cp requirements.txt .venv/

testing: venv # these hold the server's too, so `make run` has nothing left to install
	@cmp -s requirements-test.txt .venv/requirements-test.txt && exit; \
	echo "Installing the tools for tests and checks into .venv (a minute or two, once)"; \
	$(call install,requirements-test.txt) && cp requirements.txt requirements-test.txt .venv/

node = node --version >/dev/null 2>&1 && npm --version >/dev/null 2>&1

packages:
	@if $(node); then \
		cmp -s package-lock.json node_modules/lock && exit; \
		echo "Installing the tools of the front end and a browser for the tests into node_modules (seconds, once)"; \
		npm ci --loglevel=error >/dev/null && cp package-lock.json node_modules/lock; \
	elif [ -n "$$CI" ]; then \
		echo "CI needs Node.js 20.19 or newer with npm, for the front end and the browser tests" >&2; exit 1; \
	fi
