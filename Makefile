# The one configuration of this project: what is tested is what is shipped, and nothing is compiled twice.
CONFIGURATION := -c release -Xswiftc -enable-testing
SWIFT := deploy/swift
SOURCES := Sources Tests Plugins Benchmarks Package.swift
HAZECAST := .build/release/hazecast
TESTS := .build/release/hazecastPackageTests.xctest --testing-library swift-testing

# What `make data` fetched, unless somebody names another folder.
ifneq ($(wildcard data/*.csv),)
export HAZECAST_DATA_DIR ?= $(CURDIR)/data
endif

.DEFAULT_GOAL := help
.PHONY: help bootstrap build fmt lint test check-matrix faults soak fuzz check deb demo data bench bench-latency bench-training bench-attach bench-promotion bench-asking bench-hour bench-small bench-feed bench-import sanitize faults-briefly

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

bootstrap: ## install what is missing to build and test here (Debian; sudo where not root)
	@deploy/bootstrap

build: bootstrap ## build .build/release/hazecast and hazecast-web
	$(SWIFT) build $(CONFIGURATION) --product hazecast
	$(SWIFT) build $(CONFIGURATION) --product hazecast-web

fmt: ## format the sources in place
	$(SWIFT) format --in-place --parallel --recursive $(SOURCES)

lint: ## check format and style; changes nothing
	$(SWIFT) format lint --strict --parallel --recursive $(SOURCES)

test: bootstrap ## run the tests; FILTER=name runs those that match
	$(SWIFT) build $(CONFIGURATION) --build-tests
	@$(if $(FILTER),$(TESTS) --no-parallel --filter '$(FILTER)',Tests/run)

check-matrix: bootstrap ## the tests of SQL and service with PostgreSQL 15, 17 and 18; VERSIONS='17 18' SUITES='Schema'
	$(SWIFT) build $(CONFIGURATION) --build-tests
	@for version in $(or $(VERSIONS),15 17 18); do \
		programs=$$(Tests/Matrix/server $$version) || exit 1; \
		echo "PostgreSQL $$version"; \
		PATH="$$programs:$$PATH" Tests/run 3 '$(or $(SUITES),DaemonTests|IngestTests|PostgresTests)' || exit 1; \
	done

faults: bootstrap ## break what is around the daemon and look whether anything is lost; SEED=1 N=60 STATIONS=5 ONLY=kill
	$(SWIFT) build $(CONFIGURATION) --product hazecast
	$(SWIFT) build $(CONFIGURATION) --product Faults
	@.build/release/Faults --seed $(or $(SEED),1) --faults $(or $(N),60) --stations $(or $(STATIONS),5) \
		$(if $(PATIENCE),--patience $(PATIENCE)) $(if $(ONLY),--only $(ONLY)) $(if $(APART),--apart) $(if $(VERBOSE),--verbose)

soak: bootstrap ## 24 days of readings, a transaction each, in minutes: memory and descriptors must not grow
	$(SWIFT) build $(CONFIGURATION) --product hazecast
	$(SWIFT) build $(CONFIGURATION) --product Faults
	@.build/release/Faults --soak --stations $(or $(STATIONS),50)

fuzz: bootstrap ## libFuzzer on whatever parses bytes from outside, a minute each; SEED=1 SECONDS=60 RUNS=100000 ONLY=csv
	@SEED=$(SEED) TIME=$(SECONDS) RUNS=$(RUNS) ONLY='$(ONLY)' Tests/Fuzz/run

sanitize: bootstrap ## the tests under SANITIZER=thread or address, both where none is named; FILTER=name
	@Tests/Sanitizer/run $(SANITIZER) $(if $(FILTER),'$(FILTER)')

faults-briefly: ## every kind of fault at least once, in a minute, with patience for a machine that does other things as well
	@$(MAKE) --no-print-directory faults SEED=$(or $(SEED),1) N=36 STATIONS=3 PATIENCE=60

check: bootstrap lint test faults-briefly ## everything that must be green before a merge: format, lint, build with warnings as errors, all tests, every kind of fault

deb: bootstrap ## make the Debian package .build/package/hazecast_*.deb
	$(SWIFT) build $(CONFIGURATION) --product hazecast
	$(SWIFT) build $(CONFIGURATION) --product hazecast-web
	$(SWIFT) build $(CONFIGURATION) --product ManualPage
	@deploy/package

demo: build ## real readings through a private PostgreSQL to forecasts, in a minute
	@[ -n "$${HAZECAST_DATA_DIR:-}" ] || deploy/fetch-data || echo 'The demo goes on with simulated readings.'
	@$(HAZECAST) demo $(ARGUMENTS)

data: ## download the UCI data set "Beijing PM2.5" into data/ and verify it
	@deploy/fetch-data

bench: bootstrap ## the network's speed beside C, NumPy and PyTorch
	$(SWIFT) build $(CONFIGURATION) --product KernelBenchmark
	@Benchmarks/kernel/run

bench-latency: build ## from a reading to its forecast, beside PostgreSQL alone and with the baseline
	@Benchmarks/run

bench-hour: build ## an hour of readings of STATIONS=10000, or of each of 100,1000,10000, beside PostgreSQL alone
	@Benchmarks/hour --stations $(or $(STATIONS),10000) $(OPTIONS)

bench-small: deb ## start, memory and idle processor time of the program that is shipped, with STATIONS=1000
	@HAZECAST=.build/package/root/usr/bin/hazecast Benchmarks/hour --stations $(or $(STATIONS),1000) --rounds 3 --idle 20 $(OPTIONS)

bench-feed: build ## what the feed costs whoever writes readings, with 1 and with 84 partitions
	@Benchmarks/feed

bench-import: build ## a large file is imported, beside \copy of the hours that it holds; ARGUMENTS='--megabytes 1000'
	@Benchmarks/import $(ARGUMENTS)

bench-attach: build ## what a million rows cost that are attached, and what a forecast waits meanwhile
	@Benchmarks/attach

bench-training: build ## how long a training run takes, and what a forecast waits meanwhile
	@Benchmarks/training

bench-promotion: bootstrap ## how often honest, poisoned and shifted histories promote a challenger, 20 minutes
	$(SWIFT) build $(CONFIGURATION) --product PromotionTrials
	@.build/release/PromotionTrials models/operational.json "$${HAZECAST_DATA_DIR:?names no folder with the multi-site data}"

bench-asking: build ## how fast a ledger of many stations is asked; ARGUMENTS='--stations 10000 --days 90'
	@Benchmarks/asking $(ARGUMENTS)
