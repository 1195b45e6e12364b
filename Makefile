# Everything runs from a clean clone with Python 3.11 and Node 20; devbench/README.md tells what is built and where.
PYTHON ?= python3
ARGS ?=
BENCH ?=
SITE ?=
DB ?= sqlite
LANES ?= core contracts site e2e

export BENCH SITE DB

.PHONY: demo stop test test-core test-next test-contracts test-site test-e2e check bench-web bench-pdf bench-privacy clean

demo:
	@$(PYTHON) -m devbench.demo

stop:
	@$(PYTHON) -m devbench stop --all

test:
	@$(PYTHON) tests/run.py $(LANES) $(if $(ARGS),-- $(ARGS))

test-core:
	@$(PYTHON) tests/run.py core $(if $(ARGS),-- $(ARGS))

test-next:
	@$(PYTHON) tests/run.py next $(if $(ARGS),-- $(ARGS))

test-contracts:
	@$(PYTHON) tests/run.py contracts $(if $(ARGS),-- $(ARGS))

test-site:
	@$(PYTHON) tests/run.py site $(if $(ARGS),-- $(ARGS))

test-e2e:
	@$(PYTHON) tests/run.py e2e $(if $(ARGS),-- $(ARGS))

check:
	@$(PYTHON) tests/check.py

bench-web:
	@$(PYTHON) -m benchmarks.web

bench-pdf:
	@$(PYTHON) -m benchmarks.pdf $(ARGS)

bench-privacy:
	@$(PYTHON) -m benchmarks.privacy

clean: stop
	rm -rf .devbench demo node_modules
