# Two commands do everything on a fresh machine: `make preview` and `make test`.
SHELL := /bin/bash
PYTHON ?=
VENV ?= .venv
BIN := $(VENV)/bin
# What is compiled once is kept, or each of the many processes that the tests start would compile it again.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: setup browser preview test test-plain check bench clean

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml setup.sh
	@PYTHON='$(PYTHON)' VENV='$(VENV)' bash setup.sh
	@touch $@

# This week's actions on a made-up ledger, in the folder demo.
preview: setup
	@$(BIN)/dunwell demo

# What the tests of the desk look at its pages with.
browser:
	@command -v chromium >/dev/null || { \
		[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && echo "Installing chromium …" && \
		apt-get -o DPkg::Lock::Timeout=300 update >/dev/null 2>&1 && DEBIAN_FRONTEND=noninteractive \
		apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends chromium >/dev/null 2>&1; \
	} || echo "Tests in a browser are skipped: there is no Chromium. sudo apt-get install chromium"

test: setup browser check
	@$(BIN)/pytest -n 5 --dist worksteal

check: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

# Once more where durable-rules cannot be imported: the plain evaluator decides alone.
test-plain: setup
	@PYTHONPATH=. $(BIN)/pytest -n 0 -m "not long" -p tests.without_durable $(wildcard tests/decision/test_words_[dg]*.py tests/rules)

# Every figure in one table, kept by commit in benchmarks/kept: half an hour, with nothing else on the machine.
bench: setup
	@$(BIN)/python -m benchmarks --keep

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
