# What the tests need beside Go: Debian package and the program that shows it is there.
PEERS := sip-tester:sipp baresip:baresip postgresql:/usr/lib/postgresql/*/bin/initdb sox:sox ffmpeg:ffmpeg \
	kamailio:kamailio kamailio-tls-modules:/usr/lib/*/kamailio/modules/tls.so rtpengine-daemon:rtpengine linphone-cli:linphonec \
	chromium:chromium
LINT  := $(shell go env GOPATH)/bin/golangci-lint
LINT_VERSION := v2.15.0
# An S3 server on a directory, for the tests of recordings.
S3    := $(shell go env GOPATH)/bin/versitygw
S3_VERSION := v1.8.0
FUZZ  ?= 30s
DESK  := Tickets|Forward|Away|Chain

.DEFAULT_GOAL := help
.PHONY: help build test peers lint bench limit signalling desk faults fuzz update

help: ## these lines
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

build: ## bin/readback, one static binary
	CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o bin/readback ./cmd/readback

test: peers lint ## install what is missing, then vet, lint and every test with the race detector
	go vet ./... ./testdata/memnet ./testdata/fakeopenai ./testdata/s3server
	go test -race -parallel 4 -timeout 30m ./...

peers: $(S3) ## the programs that the tests call: SIPp, baresip, linphonec, Kamailio, rtpengine, PostgreSQL, an S3 server, sox, ffmpeg, Chromium
	@missing=; for peer in $(PEERS); do \
		command -v $${peer#*:} >/dev/null 2>&1 || ls $${peer#*:} >/dev/null 2>&1 || missing="$$missing $${peer%%:*}"; done; \
	[ -z "$$missing" ] && exit 0; \
	if [ "$$(id -u)" = 0 ]; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing >/dev/null; \
	else echo "missing:$$missing; install with: sudo apt-get install$$missing"; exit 1; fi

$(S3):
	go install github.com/versity/versitygw/cmd/versitygw@$(S3_VERSION)

$(LINT):
	go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)

lint: $(LINT) ## the linters of .golangci.yml
	$(LINT) run

bench: ## the figures of the README
	go test -run '^$$' -bench . -skip 'Limit|Pacing|Overload|Signalling|$(DESK)' -benchmem ./...

limit: peers ## what a call costs beside the same packets in C, and how evenly packets leave: 25 minutes on a quiet machine
	go test -run '^$$' -bench 'Limit|Pacing|Overload' -benchtime 1x -timeout 1h ./cmd/readback

signalling: peers ## 1000 calls a second, 100,000 calls' memory, a flood of strangers: 6 minutes on a quiet machine
	go test -run '^$$' -bench Signalling -benchtime 1x -timeout 30m ./cmd/readback

desk: peers ## what a ticket costs beside a bare commit, and what the desk bears, against the goals of testdata/limit/desk.yaml: 3 minutes
	@out=$$(mktemp); go test -run '^$$' -bench '$(DESK)' -benchtime 1x -timeout 30m -p 1 ./tickets/sqlite ./tickets/jobs ./tickets/spool >$$out; status=$$?; \
	awk '/^Benchmark/ && NF > 3 {for (i = 3; i < NF; i += 2) if ($$(i+1) != "ns/op") printf "%-42s %12s %s\n", $$1, $$i, $$(i+1); next} \
		!/^(goos|goarch|pkg|cpu|PASS|ok|Benchmark)/' $$out; rm -f $$out; exit $$status

faults: peers ## 2,000 calls while the database, the disk and the gateway fail: 10 minutes
	READBACK_FAULTS=1 go test -run 'TestThePromise$$' -timeout 1h ./ivr
	READBACK_FAULTS_CALLS=2000 go test -race -run 'TestFaults$$' -v -timeout 1h ./tickets/spool

fuzz: ## every fuzz target for FUZZ=30s
	@for target in $$(grep -rlE '^func Fuzz' --include='*_test.go' . | sort -u); do \
		for name in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9]*\).*/\1/p' $$target); do \
			echo "$$target $$name"; go test -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZ) ./$$(dirname $$target) || exit 1; done; done

update: ## rewrite the goldens
	go test ./config ./cmd/readback -run 'Golden|Calls' -update
