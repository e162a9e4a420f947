# The commands that people run; each does all of its own set-up. The work itself is in tools/.
.PHONY: run test test-valkey test-mongo ferretdb test-long test-api simulation fuzz bench bench-growth bench-savings bench-stores bench-topologies bench-traces bench-jobs bench-payments test-install package docs build screenshots setup format check

run:
	@tools/run

test:
	@tools/test

# What runs on a real Redis, on Valkey instead.
test-valkey:
	@tools/test-valkey

# The store on MongoDB: on the server that MONGODB_URI names, else on two that are built and started for it.
test-mongo:
	@tools/test-mongo

# A server that speaks MongoDB's protocol, for tests; prints its address, ends with Ctrl-C.
ferretdb:
	@tools/build-ferretdb
	@exec build/ferretdb

# Schemathesis: requests made up from /openapi.json, as each role; every reply has to be one that it has (about 3 minutes).
test-api:
	@tools/test-api

# What takes long, at full length.
test-long:
	@tools/test-long

# The engine that ships, under simulated faults; ARGUMENTS such as --schedules 1000000, or --story SEED --variant NAME.
ARGUMENTS ?=
simulation:
	@tools/build release simulation
	@build/release/simulation $(ARGUMENTS)

# Random requests, for as long as SECONDS says; it prints how to make those again that were answered badly.
SECONDS ?= 600
fuzz:
	@tools/build asan request_fuzz
	@ASAN_OPTIONS=detect_stack_use_after_return=0 UBSAN_OPTIONS=print_stacktrace=1 build/asan/request_fuzz --seconds $(SECONDS)

# What a hit costs beside others' (docs/benchmarks.md); ARGUMENTS such as --quick, --only ours-l2,nginx, --rounds 9.
bench:
	@tools/bench $(ARGUMENTS)

# What grows with keys, connections, bookings, time and threads; ARGUMENTS such as --only invalidation.
bench-growth:
	@tools/bench growth $(ARGUMENTS)

# How many reads of the origin a cache saves, and how many are stale.
bench-savings:
	@tools/bench savings $(ARGUMENTS)

# A list with and without the cache, on SQLite and on MongoDB's protocol (about 5 minutes).
bench-stores:
	@tools/bench stores $(ARGUMENTS)

# What a hit costs on one server, by socket, over TLS, by sentinel, in a cluster (about 3 minutes).
bench-topologies:
	@tools/bench topologies $(ARGUMENTS)

# What traces add to it (about 2 minutes).
bench-traces:
	@tools/bench traces $(ARGUMENTS)

# Jobs added and processed a second, beside npm's BullMQ (about 3 minutes).
bench-jobs:
	@tools/bench jobs $(ARGUMENTS)

# A payment's start while the gateway takes seconds, ours beside a call inside the request (about 4 minutes).
bench-payments:
	@tools/bench payments $(ARGUMENTS)

# The libraries installed into an empty folder, and examples/ built against them, as somebody else would.
test-install:
	@tools/test-install

# The server's Debian package: build/package.
package:
	@tools/package

# The reference of the library's public names, from its headers: build/reference/html.
docs:
	@tools/docs

build:
	@tools/build release bookings-server

# docs/images, from the pages as they are now.
screenshots:
	@tools/screenshots $(ARGUMENTS)

setup:
	@tools/setup

format:
	@clang-format -i $$(git ls-files '*.cpp' '*.hpp')

check:
	@tools/check
