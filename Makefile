# Two commands: `make run` shows Carrel, `make test` proves it. The rest is what these are made of.

.POSIX:
.PHONY: help run test test-fast test-unit test-stories test-host test-plugin test-real bench lint fmt wasm reproducible tools compat pictures install where uninstall
.DEFAULT_GOAL := help

test_parts = scripts/test.sh

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

run: ## Try Carrel in a Zellij of its own, with a demo user and a stand-in server (REAL=1: with your own Claude)
	@scripts/run.sh

test: ## Everything: format, lints, all tests, the wasm, the tests on the real Zellij and the real Claude Code
	@scripts/tools.sh wasm shells
	@$(test_parts) fmt lint unit stories host reproducible plugin real

test-fast: ## Everything that needs neither Zellij nor Claude Code
	@scripts/tools.sh wasm shells
	@$(test_parts) fmt lint unit stories host

test-unit: ## The tests inside src/
	@$(test_parts) unit

test-stories: ## Stories, screens and orders: the files of tests/ that need no real programs
	@$(test_parts) stories

test-host: ## The host program under dash, bash and busybox
	@scripts/tools.sh shells
	@$(test_parts) host

test-plugin: ## The plugin in Zellij's wasm runtime: what it costs, and that it does not grow
	@scripts/tools.sh wasm
	@$(test_parts) wasm plugin

test-real: ## The real wasm in the real Zellij with the real Claude Code
	@scripts/tools.sh wasm
	@$(test_parts) wasm real

bench: ## Measure, and write docs/benchmarks (PART=launch: that part alone); fails where a budget does not hold
	@scripts/bench.sh $(PART)

lint: ## clippy for the host and for wasm, shellcheck
	@scripts/tools.sh wasm shells
	@$(test_parts) lint

fmt: ## Format the Rust code
	@cargo fmt

wasm: ## Build the plugin: target/wasm32-wasip1/release/carrel.wasm
	@scripts/tools.sh wasm
	@scripts/wasm.sh

reproducible: ## Build the plugin twice, in different places, and compare
	@scripts/tools.sh wasm
	@scripts/wasm.sh twice

compat: ## Run a pane's life with each Zellij and Claude Code of docs/compatibility.md, and write its table
	@scripts/compat.sh

pictures: ## Draw the manual's pictures from a real run: docs/pictures
	@scripts/tools.sh wasm zellij claude
	@scripts/wasm.sh
	@eval "$$(scripts/tools.sh paths)" && export CARREL_ZELLIJ CARREL_CLAUDE && \
		CARREL_WASM="$$(pwd)/target/wasm32-wasip1/release/carrel.wasm" cargo run --quiet --example pictures docs/pictures

install: ## Put the plugin where Zellij users keep theirs, and print the lines to add; no configuration is changed
	@scripts/install.sh install

where: ## Show everything of Carrel on this machine
	@scripts/install.sh where

uninstall: ## Keep all conversations, then remove everything of Carrel from this machine
	@scripts/install.sh uninstall

tools: ## Install what is missing of the pinned tools
	@scripts/tools.sh all
