# Every target that needs more than three lines is a script in scripts/.
.DEFAULT_GOAL := help
.PHONY: help run run-split test test-short generate lint bench build tools-consul clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

run: ## Build and start everything in one process, with demo data
	@scripts/run.sh

run-split: ## Start each center as a process of its own, with MariaDB and Consul
	@scripts/run-split.sh

test: ## Run all tests; what they need is fetched and started
	@scripts/test.sh

test-short: ## Run the tests that need no database server and no coordinator
	@scripts/test.sh -short

generate: ## Generate code from the protos and the schemas
	@scripts/generate-proto.sh
	@go generate ./app/...
	@scripts/generate-openapi.sh

lint: ## Check style and common mistakes
	@scripts/lint.sh

bench: ## Run the benchmarks
	@scripts/bench.sh

build: ## Build bin/onepool, bin/dtm and bin/<center>
	@scripts/build.sh

tools-consul: ## Build the Consul server into bin/ (about 10 minutes of CPU, once)
	@scripts/tools-consul.sh

clean: ## Remove what build and generate put into bin/
	rm -rf bin
