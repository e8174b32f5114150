# Each target makes what it needs; the first one makes the virtual environment.
VENV = .venv
PYTHON = python3
BIN = $(VENV)/bin
EXTRAS = sb3,viewer,films,leaderboard,train,dev
INSTALLED = $(VENV)/.installed
TRAINS = $(VENV)/.trains
DOCS = $(VENV)/.docs

# On a shared machine two threads a process cost more than they bring: training, tests and
# benchmarks each run one thread a process.
export OMP_NUM_THREADS = 1
# Python and pytest keep the bytecode of modules and tests: without it each process of `make test`
# compiles a thousand files again, which takes longer than to collect the tests.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help leaderboard agents test test-thorough test-slow test-examples runs attacks mutants bench calibrate \
        certify digests values trap api pages notebooks docs docs-links lint format constraints dist clean

help:  ## Print this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

PIP = $(BIN)/python -m pip install --quiet -c constraints.txt

# On Linux, the package index has torch for a GPU alone: with what it needs, some GB more than the
# build for the CPU. That build is taken from where pip looks anyway, or else from this index.
TORCH_INDEX = https://download.pytorch.org/whl/cpu
CPU_TORCH = $(shell sed -n 's/^torch==.*/&+cpu/p' constraints.txt)
GPU_TORCH = No index has $(CPU_TORCH). With TORCH_INDEX= make takes the build for a GPU, some GB more.
ifeq ($(and $(TORCH_INDEX),$(shell uname -s)),Linux)
INSTALL_TORCH = $(PIP) --no-deps $(CPU_TORCH) 2>/dev/null \
    || $(PIP) --no-deps $(CPU_TORCH) --index-url $(TORCH_INDEX) \
    || { echo "$(GPU_TORCH)" >&2; exit 1; }
endif

# It is the first line of what makes an environment; Python 2 can run it too.
TOO_OLD = $(PYTHON) is Python %d.%d, and mesa_gym needs 3.11 or newer; name one by make PYTHON=python3.11
REQUIRE = @$(PYTHON) -c 'import sys; v = sys.version_info[:2]; \
    sys.exit("$(TOO_OLD)" % v if v < (3, 11) else 0)'

$(INSTALLED): setup.cfg pyproject.toml constraints.txt
	$(REQUIRE)
	$(PYTHON) -m venv $(VENV)
	@$(INSTALL_TORCH)
	$(PIP) -e ".[$(EXTRAS)]"
	touch $(TRAINS) $@

# The leaderboard needs a tenth of that; the other targets install the rest on top of it.
$(TRAINS): setup.cfg pyproject.toml constraints.txt
	$(REQUIRE)
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e ".[report,train]"
	touch $@

# Only the slow tests need it, and the built documentation.
$(DOCS): $(INSTALLED)
	$(PIP) -e ".[docs]"
	touch $@

leaderboard: $(TRAINS)  ## Train and score PPO on three traps, and show what it goes for among the committed agents (minutes).
	$(BIN)/python -m benchmarks board run

# Four hours of a core or more; it goes on where it was stopped.
agents: $(INSTALLED)  ## Train and score the committed agents and the library again.
	$(BIN)/python -m benchmarks board run --budget leaderboard --out runs/agents
	$(BIN)/python -m benchmarks library make --again --results runs/agents
	$(BIN)/python -m benchmarks board commit --out runs/agents

# The tests of a file run in one process, so that what they share is made once.
WORKERS = auto
PYTEST = $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile \
    $(if $(SEED),-p randomly --randomly-seed $(SEED))

# A fast test that takes a second is listed: mark it `thorough`.
test: $(INSTALLED)  ## Run the fast tests (SEED=7: in that random order; WORKERS=4).
	$(PYTEST) -m "not thorough and not slow and not calibrate" --durations 10 --durations-min 1

runs: $(INSTALLED)  ## Keep the texts of tests/runs again, and show what changed in them.
	GOLDEN=write $(BIN)/python -m pytest -q -n $(WORKERS) tests/runs
	git --no-pager diff --stat tests/runs
	git --no-pager diff tests/runs

test-thorough: $(INSTALLED)  ## Run the tests that take more than half a second each (SEED, WORKERS too).
	$(PYTEST) -m "thorough and not slow"

# By turns, and no test starts after MINUTES: what CI runs of the two longest targets each day.
TURN_OPTIONS = $(if $(TURN),--turn $(TURN)) $(if $(MINUTES),--minutes $(MINUTES) -r s)

test-slow: $(DOCS)  ## Run the tests that train agents or read thousands of levels (TURN=1/3: a third; MINUTES=20).
	$(BIN)/python -m pytest -n auto -m slow --timeout 1800 --durations 20 $(TURN_OPTIONS)

test-examples: $(INSTALLED)  ## Run docs/examples, those of other frameworks in environments of their own.
	$(BIN)/python -m pytest -m "slow or not slow" tests/end_to_end/test_examples.py

attacks: $(INSTALLED)  ## Attack what reads others' data, for MINUTES=5 with SEED=7 or one by chance.
	$(BIN)/python -m tests.attacks --seed $(or $(SEED),$(shell date +%s)) --minutes $(or $(MINUTES),5)

# Of a change: DIFF=main takes the lines that differ from a branch, at most seven of a file.
mutants: $(INSTALLED)  ## Plant mechanical faults, drawn by SEED (by default the week), and count the found ones (COUNT=250; DIFF=main).
	$(BIN)/python .ci/mutants.py $(if $(DIFF),--diff $(DIFF),--seed $(or $(SEED),$(shell date +%G%V)) --count $(or $(COUNT),250))

bench: $(INSTALLED)  ## Measure the CPU seconds that users wait, and steps beside C (ten minutes).
	$(BIN)/python -m benchmarks.speed

# Half an hour of a core or more; before a release, its figures go into docs/studies/calibration.
calibrate: $(INSTALLED)  ## Judge all policies of known goal, with the date of the code (TRAP=NAME for one; TURN=1/2, MINUTES).
	@git log -1 --format='code of %cs'
	$(BIN)/python -m pytest tests/validity -n $(WORKERS) -m calibrate -r P $(if $(TRAP),-k $(TRAP)) $(TURN_OPTIONS)

certify: $(INSTALLED)  ## Prove that each trap separates its objectives (TRAP=NAME for one).
	$(BIN)/mesa-gym certify $(TRAP)

digests: $(INSTALLED)  ## Record the digests of new traps; never overwrites one.
	$(BIN)/python -m mesa_gym.testing.package_files digests

values: $(INSTALLED)  ## Solve the standard levels of all traps again, for the package (minutes; TRAP=NAME for one).
	$(BIN)/python -m mesa_gym.testing.package_files values $(TRAP)

trap: $(INSTALLED)  ## Make what a new trap of the package lacks beside its file, and name the rest (NAME=TRAP).
	$(BIN)/python -m benchmarks.trap_parts $(NAME)

api: $(INSTALLED)  ## Record the public API in docs/public_api.txt.
	$(BIN)/python -m docs.writers.public_api

pages: $(INSTALLED)  ## Write results, tables and pictures into README and the pages of docs again.
	$(BIN)/python -m docs.writers

# Two CPU minutes.
notebooks: $(DOCS)  ## Execute the notebooks again, and keep what they print and draw.
	$(BIN)/python -m docs.writers.notebooks

docs: $(DOCS)  ## Build the documentation into build/docs; a warning is an error.
	$(BIN)/python -m sphinx -W --keep-going -n -j 2 -c docs/_sphinx docs build/docs

docs-links: $(DOCS)  ## Follow the documentation's links to other sites, which needs a network.
	$(BIN)/python -m sphinx -b linkcheck -j 2 -c docs/_sphinx docs build/docs-links

# A commit's hash dies when history is squashed: one page and its tables have them, and the cards.
HASH = '\b(?=\d*[a-f])(?=[a-f]*\d)[0-9a-f]{8}\b'
HASHES = ':!docs/studies/archive*' ':!mesa_gym/report/cards'

lint: $(INSTALLED)  ## Check style, names, format and types, and that no file names a commit.
	git grep -nIP $(HASH) -- . $(HASHES); test $$? -eq 1
	$(BIN)/ruff check
	$(BIN)/python .ci/names.py
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(INSTALLED)  ## Rewrite the code in the project's format.
	$(BIN)/ruff check --select I --fix
	$(BIN)/ruff format

# The newest versions that work together, from an environment of their own. Torch's line is for
# a person to raise: another version may come only as a build with gigabytes for the GPU. A local
# label such as +cpu goes, and so do the GPU's libraries, which only some builds depend on.
constraints:  ## Refresh constraints.txt with the newest versions, torch apart.
	$(REQUIRE)
	$(PYTHON) -m venv --clear build/constraints
	grep '^torch==' constraints.txt > build/torch.txt
	build/constraints/bin/python -m pip install --quiet -e ".[$(EXTRAS),docs]" -c build/torch.txt
	sed -n '/^#/p' constraints.txt > build/constraints.txt
	build/constraints/bin/python -m pip freeze --all --exclude-editable | sed 's/+.*//' \
	    | grep -v -i -E '^(nvidia|cuda|triton|pip=)' >> build/constraints.txt
	mv build/constraints.txt constraints.txt

# From a clone, so that nothing that was never committed gets in.
VERSION = $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' mesa_gym/__init__.py)

dist: export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct)

# The same commit gives the same bytes. Setuptools dates the files of a source distribution by the
# clock, so that GNU tar packs them again.
REPACK = tar --sort=name --format=ustar --mtime=@$$SOURCE_DATE_EPOCH --owner=0 --group=0

dist: $(INSTALLED)  ## Build the last commit's wheel and source distribution.
	rm -rf build/release build/sdist dist
	umask 022; git clone --quiet . build/release
	umask 022; $(BIN)/python -m build $(BUILD) --outdir dist build/release
	mkdir build/sdist; tar -xzf dist/mesa_gym-$(VERSION).tar.gz -C build/sdist
	$(REPACK) -C build/sdist -cf build/sdist.tar mesa_gym-$(VERSION)
	gzip -9nc build/sdist.tar > dist/mesa_gym-$(VERSION).tar.gz

clean:  ## Remove caches and what was built; keeps $(VENV) and runs/.
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
