# One road from a fresh clone to a built, tested book. Needs make and Python >= 3.11 only.
#
#   make book PYTHON=python3.12          another interpreter for .venv
#   make notebooks NOTEBOOKS=book/model.ipynb    one chapter only
#   make verify ARGS="--seed 7 --scale 4"        any option of `python -m lifcore verify`
#   make test ARGS="-x tests/test_model.py"      any option of pytest
#   make simulators NAME=nest                    one package only

PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BRIAN2 := _build/brian2/bin/python

# The ledger reads the stored outputs of the chapters, so it runs after them.
LEDGER := $(wildcard book/ledger.ipynb)
NOTEBOOKS ?= $(filter-out $(LEDGER),$(sort $(wildcard book/*.ipynb))) $(LEDGER)

# numba does not notice an edited callee in another file: each target starts from an empty cache.
FRESH_NUMBA = rm -rf "_build/numba/$@" && mkdir -p "_build/numba/$@" && \
	export NUMBA_CACHE_DIR="$(CURDIR)/_build/numba/$@"

# Kernels draw inline figures, whatever backend the caller's shell asks for.
unexport MPLBACKEND
# The notebooks' "python3" is the one in .venv, not a kernel of the same name in the home folder.
export JUPYTER_PREFER_ENV_PATH := 1
export PYDEVD_DISABLE_FILE_VALIDATION := 1
# Stored outputs hold no progress bars, however slow the machine.
notebooks: export LIFCORE_PROGRESS := off

.DEFAULT_GOAL := help
.PHONY: help setup book pdf test notebooks verify seeds faults bench simulators dist lint clean distclean
.DELETE_ON_ERROR:

help: ## list these targets
	@echo "usage: make <target>, in a folder with Python >= 3.11 on the path"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'

setup: $(STAMP) ## create .venv and install everything (the other targets do this by themselves)

$(STAMP): requirements.txt pyproject.toml
	@command -v "$(PYTHON)" >/dev/null 2>&1 || { \
	  echo "No '$(PYTHON)' on the path. Install Python 3.11 or newer, or name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "This book needs Python 3.11 or newer; '$(PYTHON)' is $$("$(PYTHON)" -V 2>&1)." >&2; \
	  echo "Name a newer one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	  || "$(PYTHON)" -m venv --clear $(VENV) || { \
	  echo "Could not create $(VENV). On Debian and Ubuntu the package python3-venv is missing." >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -e .
	@touch $@

book: $(STAMP) ## build the book, warnings being errors, into _build/html
	@rm -rf _build/html _build/.doctrees
	@$(FRESH_NUMBA) && $(BIN)/python tools/book.py -W --keep-going .
	@echo
	@echo "The book is built. Open _build/html/index.html in a browser,"
	@echo "or serve it: $(BIN)/python -m http.server --bind 127.0.0.1 -d _build/html 8000"

pdf: book ## print the book into _build/which-dt.pdf (needs Debian's chromium and chromium-driver)
	@$(BIN)/python tools/pdf.py _build/html _build/which-dt.pdf

# Cells and kernels leave cores idle in turns: two workers, each with whole files.
test: $(STAMP) ## run every unit test and every notebook, by one pytest call
	@$(FRESH_NUMBA) && $(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder $(ARGS)

notebooks: $(STAMP) ## run the chapters again and store their outputs, the ledger last
	@$(FRESH_NUMBA) && for notebook in $(NOTEBOOKS); do \
	  $(BIN)/jupyter execute --inplace --kernel_name=python3 --timeout=600 "$$notebook" \
	  && $(BIN)/python tools/notebooks.py tidy "$$notebook" || exit 1; \
	done
	@$(BIN)/python tools/notebooks.py check $(NOTEBOOKS)
	@$(BIN)/python tools/notebooks.py picture book/strong_bound.ipynb > book/images/strong_error.png

verify: $(STAMP) ## check every claim of the book once more, and list the verdicts
	@mkdir -p _build
	@$(FRESH_NUMBA) && $(BIN)/python -m lifcore verify --json _build/verify.json $(ARGS)

seeds: $(STAMP) ## run all chapters at seeds 1 to 50 and keep the distances; goes on where it was stopped
	@$(FRESH_NUMBA) && $(BIN)/python tools/seeds.py $(ARGS)

faults: $(STAMP) ## run chapters on wrong programs, going on where it stopped; ARGS="--fault NAME --chapter NAME --minutes 30"
	@$(BIN)/python tools/fault_runs.py $(ARGS)

bench: $(STAMP) $(BRIAN2) ## time the kernels against plain NumPy, and against Brian2, on this machine
	@$(FRESH_NUMBA) && for script in $(filter-out benchmarks/properties.py benchmarks/stored_runs.py benchmarks/normals.py,$(sort $(wildcard benchmarks/*.py))); do \
	  $(BIN)/python "$$script" $(ARGS) || exit 1; \
	done

# Brian2 asks for an older NumPy than the book, so it has an environment of its own.
$(BRIAN2):
	"$(PYTHON)" -m venv --clear _build/brian2
	$@ -m pip install --quiet --disable-pip-version-check -r benchmarks/brian2/requirements.txt

dist: $(STAMP) ## build wheel and sdist into _build/dist, and try the wheel in an environment of its own
	@rm -rf _build/dist _build/clean && $(BIN)/python -m build --outdir _build/dist .
	@"$(PYTHON)" -m venv --clear _build/clean
	@_build/clean/bin/python -I -m pip install --quiet --disable-pip-version-check _build/dist/*.whl
	@$(FRESH_NUMBA) && cd _build/clean && bin/python -I ../../tools/clean_install.py

simulators: $(STAMP) ## probe other simulators anew and store their traces: all, or NAME=nest
	$(BIN)/python simulators/run.py $(NAME)

lint: $(STAMP) ## ruff, ruff format, mypy and import-linter, without changing anything
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

clean: ## remove what was built and cached; keep .venv
	rm -rf _build .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist lifcore.egg-info
	find lifcore tests tools benchmarks book -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

distclean: clean ## as clean, and remove .venv too
	rm -rf $(VENV)
