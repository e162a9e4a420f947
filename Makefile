# The commands that people run; each does all of its own set-up. The work itself is in tools/.
.PHONY: run test build setup format check

run:
	@tools/run

test:
	@tools/test

build:
	@tools/build release bookings-server

setup:
	@tools/setup

format:
	@clang-format -i $$(git ls-files '*.cpp' '*.hpp')

check:
	@tools/check
