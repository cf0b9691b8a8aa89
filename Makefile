# The two commands of the README do all the set-up themselves; nothing is installed twice.
#   make run  [SITES="a.yaml b.csv"] [ARGS="--slots 4"]   the main job on the demo list
#   make test [ARGS="-k merge"]                           linters, coverage of the pure places, and every test
VENV ?= .venv
SITES ?= sites/demo.yaml
ARGS ?=

.PHONY: run test lint coverage docs lock setup clean
.DEFAULT_GOAL := run

# The pages of the demo list are this project's own: root may open them without a sandbox where there is none.
run: export GRIDRUNNER_NO_SANDBOX ?= $(if $(filter-out sites/demo.yaml,$(SITES)),false,true)
run: $(VENV)/.ready-run
	@$(VENV)/bin/gridrunner run $(foreach list,$(SITES),--sites $(list)) $(ARGS)

test: $(VENV)/.ready-test lint $(if $(ARGS),,coverage)
	@$(VENV)/bin/python -m pytest $(ARGS)

lint: $(VENV)/.ready-test
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy

docs: $(VENV)/.ready-test
	@$(VENV)/bin/python -m tests.support.settings_docs

coverage: $(VENV)/.ready-test
	@$(VENV)/bin/python -m tests.support.pure_coverage

lock: $(VENV)/.ready-test
	@ci/lock.sh $(VENV) $(ARGS)

setup: $(VENV)/.ready-run

$(VENV)/.ready-run: pyproject.toml ci/setup.sh
	@ci/setup.sh run $(VENV)

$(VENV)/.ready-test: pyproject.toml ci/setup.sh $(wildcard requirements/*.lock)
	@ci/setup.sh test $(VENV)

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
