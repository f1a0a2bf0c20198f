# make demo   the main job on photographs that ship inside installed packages
# make test   the test suite
# make lint   ruff, mypy and import-linter
# make gpu-check   what only a GPU can show, on one, in minutes
# make fuzz   mutated files for the readers of strangers' files, for three minutes
# make test-docs   runs every command of README and docs, in small
# Each creates .venv on first use.
# make test-mmpretrain   the tests that need mmpretrain, in .venv-mmpretrain (6 GB)
# make test-wheel   builds the wheel and uses it outside the checkout, in .venv-wheel
# make test-openmmlab   the suite on the upstream distribution of OpenMMLab, in
#                       .venv-openmmlab; compiles mmcv first, 12 minutes on 2 cores
# make test-lowest   the fast tests on the lowest versions that setup.py declares, in
#                    .venv-lowest (6 GB: such a torch has no build for the CPU alone)

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(VENV)/bin/pip install --quiet --disable-pip-version-check -c constraints.txt
# One test process a core, each with one thread; at most four, for each holds 1 GB.
PARALLEL := -n auto --maxprocesses 4 --dist worksteal
# torch's own pin is in constraints.txt; named first so that no other build comes in.
BASE := torch -e '.[mminstall

.PHONY: demo test fuzz gpu-check test-wheel test-docs test-mmpretrain test-openmmlab test-lowest test-slow lint clean-demo
.DELETE_ON_ERROR:

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: setup.py constraints.txt | $(VENV)/bin/python
	@echo 'Installing into $(VENV) ...'
	$(PIP) $(BASE),demo]'
	@touch $@

$(VENV)/.test: setup.py constraints.txt | $(VENV)/bin/python
	@echo 'Installing into $(VENV) ...'
	$(PIP) $(BASE),demo,test]'
	@touch $@

$(VENV)/.dev: setup.py constraints.txt | $(VENV)/bin/python
	$(PIP) $(BASE),demo,test,dev]'
	@touch $@

test: $(VENV)/.test
	$(PY) -m pytest $(PARALLEL)

fuzz: $(VENV)/.test
	$(PIP) hypothesis==6.170.17
	PYTHONPATH=. $(PY) tests/test_security/fuzz_readers.py

test-slow: $(VENV)/.test
	$(PY) -m pytest -m slow

# In an environment that sees a GPU; what it lacks is left out and said so.
gpu-check:
	$(PYTHON) tools/gpu_check.py --out work_dirs/gpu_check

test-docs: $(VENV)/.test
	$(PY) -m pytest -m docs

# mmpretrain needs torchvision, of which there is no CPU build for .venv's torch.
MMPRETRAIN := .venv-mmpretrain

$(MMPRETRAIN)/.test: setup.py constraints-mmpretrain.txt
	$(PYTHON) -m venv $(MMPRETRAIN)
	@echo 'Installing into $(MMPRETRAIN) ...'
	$(MMPRETRAIN)/bin/pip install --quiet --disable-pip-version-check \
	    -c constraints-mmpretrain.txt torch pytest -e '.[mminstall,mmpretrain,demo,onnx]'
	@touch $@

test-mmpretrain: $(MMPRETRAIN)/.test
	$(MMPRETRAIN)/bin/python -m pytest -m mmpretrain

# mmcv has no wheel of version 2.1.0: pip builds one, and keeps it for the next time.
UPSTREAM := .venv-openmmlab
UPSTREAM_PIP := $(UPSTREAM)/bin/pip install --quiet --disable-pip-version-check \
    -c constraints-openmmlab.txt

$(UPSTREAM)/.test: setup.py constraints.txt constraints-openmmlab.txt
	@echo 'Installing into $(UPSTREAM) ...'
	$(PYTHON) -m venv $(UPSTREAM)
	$(UPSTREAM_PIP) torch setuptools wheel ninja psutil
	MMCV_WITH_OPS=1 MAX_JOBS=2 $(UPSTREAM_PIP) --no-build-isolation mmcv
	$(UPSTREAM_PIP) -e '.[openmmlab,demo,test]'
	@touch $@

test-openmmlab: $(UPSTREAM)/.test
	$(UPSTREAM)/bin/python -m pytest $(PARALLEL)

LOWEST := .venv-lowest

$(LOWEST)/.test: setup.py constraints-lowest.txt
	$(PYTHON) -m venv $(LOWEST)
	@echo 'Installing into $(LOWEST) ...'
	$(LOWEST)/bin/pip install --quiet --disable-pip-version-check \
	    -c constraints-lowest.txt torch pytest pytest-xdist -e '.[mminstall,demo]'
	@touch $@

# What neither needs further packages nor starts processes of its own.
test-lowest: $(LOWEST)/.test
	$(LOWEST)/bin/python -m pytest $(PARALLEL) tests/test_evaluation \
	    $(addprefix tests/test_datasets/test_,check forgery_dataset.py io layouts lists \
	        post_processing transforms) \
	    $(addprefix tests/test_engine/test_,checkpoints hooks phases.py) \
	    $(addprefix tests/test_models/test_,decode_heads losses necks segmentors) \
	    tests/test_tools/test_train_and_test.py tests/test_visualization \
	    --ignore tests/test_visualization/test_web_page_in_browser.py

# What a user of the wheel does: no checkout, no editable install, an empty folder.
WHEEL := .venv-wheel

test-wheel: | $(VENV)/bin/python
	$(PIP) build twine
	rm -rf dist $(WHEEL)
	$(PY) -m build --outdir dist .
	$(PY) -m twine check --strict dist/*
	$(PYTHON) -m venv $(WHEEL)
	$(WHEEL)/bin/pip install --quiet --disable-pip-version-check -c constraints.txt \
	    torch "$$(ls dist/*.whl)[mminstall]"
	bash tests/use_the_wheel.sh $(CURDIR)/$(WHEEL)/bin

lint: $(VENV)/.dev
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports

# The demo: each step makes a file and is skipped where it is there.
D := work_dirs/demo
CONFIG := configs/hrnet/mpc_hrnet-w18s_1xb8_demo-128x128.py
TEST := $(PY) tools/test.py $(CONFIG)
PUBLISHED := ce_lite0-blocks_multi
PUBLISHED_CONFIG := configs/efficientnet_lite/mpc-joint_lite0-blocks_1xb32_multi-origin-256x256.py

demo: $(D)/report.html
	@echo 'Report: $(CURDIR)/$(D)/report.html'

$(D)/photographs/photographs.json: | $(VENV)/.demo
	$(PY) tools/demo/prepare_photographs.py --out $(D)/photographs

$(D)/data/train/forgeries.jsonl: $(D)/photographs/photographs.json
	$(PY) tools/dataset_converters/make_forgeries.py $(D)/photographs/train \
	    --out $(D)/data/train --preset demo --size 192 192 --count 400 --seed 0 --workers 2

$(D)/data/test/forgeries.jsonl: $(D)/photographs/photographs.json
	$(PY) tools/dataset_converters/make_forgeries.py $(D)/photographs/test \
	    --out $(D)/data/test --preset demo --size 192 192 --count 48 --authentic 16 --seed 1 --workers 2

# Realistic forgeries of the test photographs, for the model trained here and a published one.
$(D)/data/natural/forgeries.jsonl: $(D)/photographs/photographs.json
	$(PY) tools/dataset_converters/make_forgeries.py $(D)/photographs/test \
	    --out $(D)/data/natural --preset natural --size 256 256 --count 24 --authentic 5 --seed 2 --workers 2

# Interrupted training goes on from its last checkpoint.
$(D)/train/.done: $(D)/data/train/forgeries.jsonl $(D)/data/test/forgeries.jsonl
	$(PY) tools/train.py $(CONFIG) --work-dir $(D)/train --resume
	@touch $@

$(D)/before.npz $(D)/untrained.pth &: $(D)/data/test/forgeries.jsonl
	$(PY) tools/demo/embeddings.py $(CONFIG) --out $(D)/before.npz \
	    --save-untrained $(D)/untrained.pth

$(D)/after.npz: $(D)/train/.done
	$(PY) tools/demo/embeddings.py $(CONFIG) --out $@ \
	    --checkpoint $(D)/train/$$(cat $(D)/train/last_checkpoint)

$(D)/untrained/results.json: $(D)/untrained.pth
	$(TEST) $< --work-dir $(D)/test_untrained --results $@

# The last checkpoint of each phase: the test photographs must not choose it.
$(D)/phase1/results.json: $(D)/train/.done
	$(TEST) $(D)/train/contrast_end.pth --work-dir $(D)/test_phase1 --results $@

$(D)/trained/results.json: $(D)/train/.done
	$(TEST) $(D)/train/$$(cat $(D)/train/last_checkpoint) --work-dir $(D)/test \
	    --out $(@D)/maps --results $@

NATURAL := --cfg-options test_dataloader.dataset.data_root=$(D)/data/natural \
    test_dataloader.dataset.ann_file=list.txt test_dataloader.dataset.dataset_name=natural

$(D)/natural/trained/results.json: $(D)/train/.done $(D)/data/natural/forgeries.jsonl
	$(TEST) $(D)/train/$$(cat $(D)/train/last_checkpoint) --work-dir $(D)/test_natural \
	    --out $(@D)/maps --results $@ $(NATURAL)

$(D)/natural/published/results.json: $(D)/data/natural/forgeries.jsonl
	$(PY) tools/test.py $(PUBLISHED_CONFIG) $(PUBLISHED) --work-dir $(D)/test_published \
	    --out $(@D)/maps --results $@ $(NATURAL)

DEMO_RESULTS := $(addprefix $(D)/,$(addsuffix /results.json,trained natural/trained \
    natural/published phase1 untrained))

$(D)/report.html: $(DEMO_RESULTS) $(D)/before.npz $(D)/after.npz
	$(PY) tools/report.py $(DEMO_RESULTS) --out $@ --work-dir $(D)/train \
	    --names 'MPC, both phases' 'trained here' $(PUBLISHED) \
	    'after phase 1, clusters' 'untrained network' \
	    --maps $(D)/trained/maps $(D)/natural/trained/maps $(D)/natural/published/maps \
	    --embeddings $(D)/before.npz $(D)/after.npz \
	    --title 'Forgeries found in photographs that the model never saw'

clean-demo:
	rm -rf $(D)
