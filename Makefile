SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# Commands that need a Postgres and a Temporal server at their side.
with_stack := go run ./internal/devstack/cmd/teststack --
export PATH := $(CURDIR)/bin/node/bin:$(PATH)
version := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

.PHONY: help
help: ## show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: up
up: ## run everything on this machine: services, server, a demo site with guests
	@scripts/ensure-tools go postgres temporal
	@scripts/ensure-tools web || echo 'Going on without the dashboard; the API is there.'
	@$(MAKE) build
	bin/foyer up

.PHONY: build
build: ## build bin/foyer, with the dashboard where npm is there
	@if command -v npm >/dev/null; then $(MAKE) web/dist/index.html; else echo 'No npm: this binary has no dashboard. See make web.'; fi
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(version)' -o bin/foyer ./cmd/foyer

web_sources = $(shell find web/src web/build internal/catalogue web/*.json web/*.html web/*.ts -type f ! -name schema.ts ! -name '*.go')

.PHONY: web
web: ## build the dashboard that bin/foyer carries
	@scripts/ensure-tools web
	@$(MAKE) web/dist/index.html test/browser/node_modules/.package-lock.json

web/dist/index.html: web/node_modules/.package-lock.json docs/openapi.json $(web_sources)
	npm run --prefix web build

%/node_modules/.package-lock.json: %/package-lock.json
	npm ci --prefix $* --no-audit --no-fund
	touch $@

.PHONY: test
test: ## run all tests: unit, integration and end to end, on real services
	@scripts/ensure-tools go cc postgres radclient temporal temporal-server browser
	@$(MAKE) web
	@$(MAKE) build
	npm test --prefix web
	FOYER_BIN=$(CURDIR)/bin/foyer $(with_stack) go test -race -timeout 30m ./...

.PHONY: lint
lint: ## check the code, the modules and the generated files
	@scripts/ensure-tools go lint web
	@$(MAKE) web/node_modules/.package-lock.json
	npm run --prefix web lint
	test -z "$$(gofmt -l $$(git ls-files '*.go') | tee /dev/stderr)"
	go mod tidy -diff
	go vet ./...
	bin/golangci-lint run
	bin/workflowcheck ./workflows/...
	go run ./cmd/foyer openapi | diff -u docs/openapi.json - || { echo 'docs/openapi.json is stale: make openapi'; exit 1; }

.PHONY: openapi
openapi: ## write docs/openapi.json from the code
	go run ./cmd/foyer openapi >docs/openapi.json.new && mv docs/openapi.json.new docs/openapi.json

.PHONY: histories
histories: ## record the workflow histories of the replay test anew
	@scripts/ensure-tools go temporal
	FOYER_RECORD_HISTORIES=1 go test -count=1 -run Histor ./workflows/...

.PHONY: bench
bench: ## measure the whole system; takes minutes, see docs/benchmarks.md
	@scripts/ensure-tools go postgres temporal temporal-server
	@$(MAKE) build
	go run ./test/bench

.PHONY: clean
clean: ## delete what was built; data in var/ stays
	rm -rf bin web/node_modules test/browser/node_modules
	find web/dist -mindepth 1 ! -name placeholder.html -delete 2>/dev/null || true
