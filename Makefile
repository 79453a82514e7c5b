# On a fresh machine with git, make and any python3 (3.8 or newer, with venv):
#
#   make report      the whole re-analysis of data/anakinra, published to reports/anakinra
#   make test        the tests, the notebooks, style, types and import layers
#   make check       the inner loop: style, types, import layers and the fast core of the tests
#
# Both first make .venv and install requirements.lock into it, and do that again when the lock, pyproject.toml or
# .python-version changes. The installer, uv, is pinned and hashed in the same lock; it finds the interpreter that
# .python-version names, or downloads it. Where neither works: `UV_PYTHON=3.12 make test`, or a path to an interpreter.

PYTHON      ?= python3 /usr/bin/python3 /usr/local/bin/python3 python  # the first that works only starts the installer
WORKERS     ?= 2
PYTEST_ARGS ?=

CORE        ?= tests/house tests/model $(filter-out $(LONG),$(wildcard tests/estimands/test_*.py)) tests/gates/test_gates.py \
               tests/api/test_requests.py tests/builds/test_cache.py tests/engines/test_registries.py \
               tests/engines/test_marginals.py tests/evidence/test_candidates.py tests/evidence/test_printing.py \
               tests/evidence/test_reading.py tests/reporting/test_table.py tests/reporting/test_markdown.py
LONG        := tests/estimands/test_headline.py tests/estimands/test_uncertain_control.py tests/estimands/test_mixture_file.py

UV     := .uv/bin/uv
VENV   := .venv
STAMP  := $(VENV)/.stamp
PYTEST  = $(VENV)/bin/python -m pytest

# Bytecode is written even where the caller's environment forbids it: without it PyMC takes 9 s to import, and each of the
# hundreds of processes of the tests compiles the package anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help report test check notebooks docs bench calibrate readme lint format typecheck lock setup clean moved

help:
	@echo 'make report      build reports/anakinra from data/anakinra'
	@echo 'make test        tests, notebooks, style, types, import layers'
	@echo 'make check       the inner loop: style, types, import layers, the fast core of the tests'
	@echo 'make notebooks   execute the notebooks only'
	@echo 'make docs        the site, reports/site/index.html'
	@echo 'make bench       benchmarks'
	@echo 'make calibrate   calibrate both engines again, after a change of models or engines'
	@echo 'make readme      the answer and the figure of README.md, from the evidence'
	@echo 'make lint        ruff and import layers'
	@echo 'make format      let ruff rewrite the code'
	@echo 'make typecheck   mypy'
	@echo 'make lock        both locks from pyproject.toml (UPGRADE=1 for newer versions)'
	@echo 'make setup       only the environment, .venv'
	@echo 'make clean       remove the environment and all caches'

report: $(STAMP)
	$(VENV)/bin/reanalysis report data/anakinra --out reports/anakinra

# Notebooks are tests among the others; types are checked beside them.
test: $(STAMP)
	$(run-lint)
	@$(VENV)/bin/mypy & $(PYTEST) -n $(WORKERS) --dist loadgroup --nbmake --nbmake-timeout=600 $(PYTEST_ARGS); \
	  status=$$?; wait $$! && exit $$status

# The core needs no sampler, no browser and no whole report; types are checked beside it on the other processor.
check: $(STAMP)
	$(run-lint)
	@$(VENV)/bin/mypy & $(PYTEST) -q $(CORE) $(PYTEST_ARGS); status=$$?; wait $$! && exit $$status

notebooks: $(STAMP)
	$(run-notebooks)

# Pages are gathered from where they stand, then rendered; a warning is an error.
docs: $(STAMP)
	$(VENV)/bin/python .site/gather.py reports/.pages
	@rm -rf reports/site
	$(VENV)/bin/sphinx-build --fail-on-warning --keep-going --quiet --doctree-dir reports/.pages/.doctrees \
	  -c .site reports/.pages reports/site

bench: $(STAMP)
	$(PYTEST) -m '' -o python_files='bench_*.py' -s $(PYTEST_ARGS) tests/benchmarks

# Goes on where it was stopped; an engine whose code did not change is not run again.
calibrate: $(STAMP)
	$(VENV)/bin/reanalysis calibrate data/anakinra --out models/reanalysis/validation/calibration/stored --batches .calibration

readme: $(STAMP)
	$(VENV)/bin/python tests/readme/answer.py

lint: $(STAMP)
	$(run-lint)

format: $(STAMP)
	$(VENV)/bin/ruff check --fix
	$(VENV)/bin/ruff format

typecheck: $(STAMP)
	$(run-typecheck)

define run-notebooks
$(PYTEST) -n $(WORKERS) --nbmake --nbmake-timeout=600 notebooks
endef

define run-lint
$(VENV)/bin/ruff check
$(VENV)/bin/ruff format --check
$(VENV)/bin/lint-imports --no-logo
endef

define run-typecheck
$(VENV)/bin/mypy
endef

# The locks: every version pinned and hashed, for every platform and Python from 3.12, and no index address. The second has
# the same versions of what is needed to run and not to develop.
lock: .uv/.stamp
	$(compile) --extra dev $(if $(UPGRADE),--upgrade) -o requirements.lock
	$(compile) --extra all --constraint requirements.lock --no-annotate -o requirements-run.lock

compile = UV_CUSTOM_COMPILE_COMMAND='make lock' $(UV) pip compile pyproject.toml --universal --python-version 3.12 \
  --generate-hashes --no-emit-index-url --no-emit-find-links --quiet

# ---- set-up ----------------------------------------------------------------------------------------------------------
setup: $(STAMP)

# The installer: the uv entry cut out of the lock, installed by pip with its hashes.
.uv/.stamp: requirements.lock
	@echo 'Installing uv into .uv'
	@rm -rf .uv
	@for p in $(PYTHON); do \
	  "$$p" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 8))' >/dev/null 2>&1 && break; p=; \
	done; \
	if [ -z "$$p" ]; then echo 'No python3 (3.8 or newer) with the venv module found; name one: make PYTHON=...' >&2; exit 1; fi; \
	"$$p" -m venv .uv
	@awk '/^uv==/ { found = 1 } found { print; if (!/\\$$/) exit }' requirements.lock > .uv/uv.txt
	@PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1 \
	  .uv/bin/python -m pip install --quiet --no-deps --only-binary :all: --require-hashes -r .uv/uv.txt
	@touch $@

# A copied or moved work tree needs a new environment: scripts and the editable install hold absolute paths.
ifneq ($(shell cat $(STAMP) 2>/dev/null),$(CURDIR))
MOVED := moved
endif

# The stamp goes first and comes back last, so an interrupted set-up leaves none and the next one starts from an empty
# .venv.
$(STAMP): requirements.lock pyproject.toml .python-version .uv/.stamp $(MOVED)
	@if [ -z '$(MOVED)' ] && [ -f $@ ] && [ ! .python-version -nt $@ ]; then rm -f $@; \
	else rm -f $@; $(UV) venv --quiet --clear $(VENV) || { \
	  echo 'That Python is not to be had here: trying any other that the project allows' >&2; \
	  $(UV) venv --clear --no-python-downloads --python '>=3.12' $(VENV); }; fi
	@echo 'Installing requirements.lock into .venv'
	@$(UV) pip sync --python $(VENV)/bin/python --require-hashes --compile-bytecode requirements.lock
	@$(UV) pip install --quiet --python $(VENV)/bin/python --no-deps --no-build-isolation --editable .
	@printf '%s\n' '$(CURDIR)' > $@

clean:
	rm -rf .venv .uv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
	find models tests notebooks \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune -exec rm -rf {} +
