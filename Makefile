# posmedic: make help lists what there is. make demo and make test do all the set-up they need.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

export CGO_ENABLED := 0
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION)
GO_SRC := $(shell find cmd internal pack packs schema wire web -name node_modules -prune -o \( -name '*.go' -o -name '*.sql' -o -name '*.yaml' -o -name '*.json' \) -print 2>/dev/null)
WEB_SRC := $(shell find web -name node_modules -prune -o -name dist -prune -o -name test-results -prune -o -type f -print 2>/dev/null)

.PHONY: help demo build web test test-go test-web test-e2e stories check lint fmt generate verify fuzz clean tools

help: ## list the commands
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: bin/posmedic ## start everything with a simulated fleet and print where to look
	./bin/posmedic demo

build: bin/posmedic bin/posmedic-agent ## build both binaries with the web faces inside

bin/posmedic: web/dist/.built $(GO_SRC) go.mod go.sum
	go build -trimpath -ldflags '$(LDFLAGS)' -o $@ ./cmd/posmedic

bin/posmedic-agent: $(GO_SRC) go.mod go.sum
	go build -trimpath -ldflags '$(LDFLAGS)' -o $@ ./cmd/posmedic-agent

web: web/dist/.built ## build the web faces

web/node_modules/.ok: web/package-lock.json
	cd web && npm ci --no-audit --no-fund --prefer-offline
	touch $@

web/dist/.built: web/node_modules/.ok $(WEB_SRC)
	cd web && npm run --silent build
	touch $@

test: tools test-web test-go test-e2e ## run all tests; installs what they need with apt when root

tools: web/node_modules/.ok ## make sure of Chromium, fonts and PostgreSQL for the tests
	./test/tools.sh

test-go: web/dist/.built tools ## Go tests, on SQLite and PostgreSQL
	go vet ./...
	go test -timeout 12m ./...

test-web: web/node_modules/.ok ## type check, lint and unit tests of the web faces
	cd web && npm run --silent check

test-e2e: bin/posmedic web/node_modules/.ok tools ## the real binary in a real browser
	cd web && npm run --silent e2e

stories: bin/posmedic ## play the nine stories of the demo and judge how they ended
	./test/stories.sh

check: lint test verify ## what CI runs

lint: ## formatting and vet
	@out=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$out" ]; then echo "gofmt -w these files:"; echo "$$out"; exit 1; fi

fmt: ## format the Go code
	gofmt -w $$(git ls-files '*.go')

generate: bin/posmedic ## write generated files anew
	./bin/posmedic openapi > web/api/openapi.json
	cd web && npm run --silent generate

verify: bin/posmedic ## fail when a generated file is not what its source gives
	./bin/posmedic openapi | diff -u web/api/openapi.json - || { echo "run make generate"; exit 1; }
	cd web && npx openapi-typescript api/openapi.json 2>/dev/null | diff -u api/schema.d.ts - || { echo "run make generate"; exit 1; }

fuzz: ## fuzz everything that reads bytes from outside, a minute each
	./test/fuzz.sh

clean: ## remove what was built
	rm -rf bin web/dist/* web/node_modules/.ok
