PYTHON := .venv/bin/python
PORT ?= 8000
TEST_PROCESSES ?= 2
# One thread each, where several test processes share the cores.
PYTEST := OMP_NUM_THREADS=1 $(PYTHON) -m pytest -n $(TEST_PROCESSES) --dist worksteal
EMBEDDED := env -u DATABASE_URL -u REDIS_URL
# Once is enough where no database is asked, a browser doesn’t care which it is, or a model is trained for each test.
ONCE := -m "not browser" --ignore tests/challenges --ignore tests/consensus --ignore tests/engine --ignore tests/house \
	$(addprefix --ignore tests/learning/test_bench_,$(addsuffix .py,rates round seconds strategies training work)) \
	$(addprefix --ignore tests/learning/test_,$(addsuffix .py,classes_that_change explanations regimes))

.PHONY: help install demo test test-embedded test-servers lint format messages screenshots
.DEFAULT_GOAL := help

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: .venv/installed ## the virtual environment with the pinned packages, nothing else
	@:

.venv/installed: pyproject.toml constraints.txt deploy/install deploy/pins
	@deploy/install

demo: .venv/installed ## a running Tessera on http://127.0.0.1:8000 (PORT=… for another); Ctrl-C stops it
	@$(PYTHON) manage.py demo --port $(PORT)

test: test-embedded test-servers ## the tests on SQLite; then on the servers of DATABASE_URL and REDIS_URL, where both are set

test-embedded: .venv/installed
	@deploy/browser
	@deploy/clients
	$(EMBEDDED) $(PYTEST)

test-servers: .venv/installed test-embedded
	@if [ -n "$$DATABASE_URL" ] && [ -n "$$REDIS_URL" ]; then \
		echo "The same tests on PostgreSQL and Redis, but for those where once is enough:"; $(PYTEST) $(ONCE); \
	else \
		echo "DATABASE_URL and REDIS_URL are not both set: no second run on PostgreSQL and Redis."; \
	fi

lint: .venv/installed ## style, types of the pure libraries, the direction of imports, templates
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	PYTHONPATH=platform:. .venv/bin/lint-imports
	.venv/bin/djlint templates --lint --quiet

format: .venv/installed ## let ruff put the code in order
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

messages: .venv/installed ## what people read, gathered for translation and compiled (needs GNU gettext; everything else does without)
	$(PYTHON) manage.py makemessages --locale de --locale es --locale ar --ignore .venv --ignore var --ignore tests \
		--add-location file --no-wrap
	$(PYTHON) manage.py compilemessages --ignore .venv

screenshots: .venv/installed ## pictures of the main pages, for docs/images
	$(PYTHON) manage.py screenshots
