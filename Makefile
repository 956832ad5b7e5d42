# SPDX-License-Identifier: Apache-2.0
# holdfast: see README.md for what the targets do.

PREFIX ?= /usr/local
DESTDIR ?=
SBINDIR := $(PREFIX)/sbin
BINDIR := $(PREFIX)/bin
DATADIR := $(PREFIX)/share
UNITDIR := $(PREFIX)/lib/systemd/system
TMPFILESDIR := $(PREFIX)/lib/tmpfiles.d
SYSUSERSDIR := $(PREFIX)/lib/sysusers.d
COMPLETIONDIR := $(DATADIR)/bash-completion/completions
CLANG ?= clang
BPFTOOL ?= bpftool
KERNEL ?= 6.12
CMD ?= holdfast ps
VERSION := 0.1.0

# Quiet by default; V=1 shows commands.
ifndef V
.SILENT:
say = printf '%-7s %s\n' $(1) $(2)
endif
say ?= :
MAKEFLAGS += --no-builtin-rules

# Of what is built for: amd64 or arm64.
ARCH ?= $(patsubst aarch64,arm64,$(patsubst x86_64,amd64,$(shell uname -m)))
BPF_ARCH := $(patsubst amd64,x86,$(ARCH))
B := build$(if $(SANITIZE),-sanitize)$(if $(FUZZER),-fuzz)

CFLAGS ?= -O2 -g
WARN := -Wall -Wextra -Wno-missing-field-initializers -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla -Wformat=2 -Wundef -Werror
HARDEN := -fstack-protector-strong -fPIE -D_FORTIFY_SOURCE=2
ifdef SANITIZE
HARDEN := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDSAN := -fsanitize=address,undefined
endif
ifdef FUZZER
CC := $(CLANG)
HARDEN := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDSAN := -fsanitize=fuzzer,address,undefined
endif
ALL_CFLAGS := -std=gnu17 $(WARN) $(HARDEN) -D_GNU_SOURCE -Iinclude -Iuser -I$(B) -DHOLDFAST_VERSION='"$(VERSION)"' $(CFLAGS)
ALL_LDFLAGS := -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(LDSAN) $(LDFLAGS)

DAEMON_LIBS := -lbpf -lelf -lz -lcjson -lmicrohttpd -lsystemd -lgnutls -lsqlite3 -lldns -lunbound -levent_core
CLI_LIBS := -lcjson -lcurl -lgnutls

modules = $(foreach m,$(1),$(patsubst %.c,$(B)/%.o,$(sort $(wildcard user/$(m)/*.c))))
LIBRARY := $(call modules,base policy kernel audit api resolver workspace)
LEARN := $(call modules,learn)
IMPORT := $(call modules,import)
DAEMON := $(call modules,daemon)
CLI := $(call modules,cli)
BPF := $(patsubst bpf/%.bpf.c,$(B)/bpf/%.bpf.o,$(sort $(wildcard bpf/*.bpf.c)))
UNIT := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(sort $(wildcard tests/unit/*/*_test.c)))
GUEST := $(patsubst tests/%.c,$(B)/tests/%,$(sort $(wildcard tests/guest/*.c tests/bench/*.c tests/adversary/*/*.c)))
FUZZ := $(patsubst tests/%.c,$(B)/tests/%,$(sort $(wildcard tests/fuzz/*.c)))
SKELETON := $(B)/holdfast.skel.h

.PHONY: all install deps demo test fuzz fuzz-calls property matrix adversary compare stress unit-programs fuzz-programs guest-programs bench lint fmt
.PHONY: clean vm payload test-every deb FORCE
all: $(B)/holdfastd $(B)/holdfast

$(B)/holdfastd: $(DAEMON) $(LIBRARY)
	$(call say,LD,$@)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(DAEMON_LIBS)

$(B)/holdfast: $(CLI) $(call modules,base audit policy) $(IMPORT) $(LEARN)
	$(call say,LD,$@)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(CLI_LIBS)

$(B)/%.o: %.c Makefile
	mkdir -p $(@D)
	$(call say,CC,$<)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Which tell the version. It may be given: make VERSION=0.1.1
$(B)/version: FORCE
	mkdir -p $(@D)
	echo '$(VERSION)' | cmp -s - $@ || echo '$(VERSION)' >$@
$(addprefix $(B)/user/daemon/,daemon.o main.o route_health.o route_metrics.o) \
	$(addprefix $(B)/user/cli/,export_cef.o export_ocsf.o version.o): $(B)/version
FORCE:

# The description of the API is within the daemon.
$(B)/user/daemon/route_openapi.o: docs/openapi.json

# BPF: one object a concern, linked into one skeleton.
$(B)/bpf/%.bpf.o: bpf/%.bpf.c vmlinux/$(ARCH)/vmlinux.h Makefile
	mkdir -p $(@D)
	$(call say,BPF,$<)
	$(CLANG) -target bpf -mcpu=v3 -D__TARGET_ARCH_$(BPF_ARCH) -g -O2 -std=gnu17 -Wall -Wextra -Werror -Wno-unused-parameter \
		-Wno-missing-declarations -Iinclude -Ivmlinux/$(ARCH) -MMD -MP -c -o $@ $<

$(B)/holdfast.bpf.o: $(BPF)
	$(call say,LINK,$@)
	$(BPFTOOL) gen object $@ $^

$(SKELETON): $(B)/holdfast.bpf.o
	$(call say,SKEL,$@)
	$(BPFTOOL) gen skeleton $< name holdfast_bpf > $@.tmp && mv $@.tmp $@

$(call modules,kernel): $(SKELETON)

# Unit tests: tests/unit/MODULE/NAME_test.c, each one program.
unit-programs: $(UNIT)
$(B)/tests/unit/%: tests/unit/%.c $(LIBRARY) $(IMPORT) $(LEARN) Makefile
	mkdir -p $(@D)
	$(call say,TEST,$@)
	$(CC) $(ALL_CFLAGS) -Itests -MMD -MP -MF $@.d $(ALL_LDFLAGS) -o $@ $< $(filter %.o,$^) $(DAEMON_LIBS) -lcmocka -lcurl
# These are given the daemon as it is, but for its main().
$(addprefix $(B)/tests/unit/daemon/,openapi_test metrics_test): $(filter-out %/main.o,$(DAEMON))

# With FUZZER=1: tests/fuzz/NAME.c, each one program. From an archive, so that it can stand in for what it does not want.
fuzz-programs: $(FUZZ)
$(B)/parsers.a: $(call modules,base policy audit api) $(IMPORT) $(B)/user/resolver/message.o
	ar rcs $@ $^
$(B)/tests/fuzz/%: tests/fuzz/%.c $(B)/parsers.a Makefile
	mkdir -p $(@D)
	$(call say,FUZZ,$@)
	$(CC) $(ALL_CFLAGS) -Itests -MMD -MP -MF $@.d $(ALL_LDFLAGS) -o $@ $< $(B)/parsers.a $(DAEMON_LIBS)

guest-programs: $(GUEST)
$(B)/tests/%: tests/%.c Makefile
	mkdir -p $(@D)
	$(call say,CC,$@)
	$(CC) -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror -O2 -Iinclude -Itests -MMD -MP -MF $@.d -o $@ $< -lpthread

# This one decides as the daemon does, with the same code.
$(B)/tests/guest/property: tests/guest/property.c $(call modules,base policy) Makefile
	mkdir -p $(@D)
	$(call say,CC,$@)
	$(CC) $(ALL_CFLAGS) -Itests -MMD -MP -MF $@.d $(ALL_LDFLAGS) -o $@ $< $(call modules,base policy) -lcjson

install: all
	$(call say,INSTALL,$(DESTDIR)$(PREFIX))
	install -D -m 0755 $(B)/holdfast $(DESTDIR)$(BINDIR)/holdfast
	install -D -m 0755 $(B)/holdfastd $(DESTDIR)$(SBINDIR)/holdfastd
	install -d $(DESTDIR)$(DATADIR)/holdfast/policies $(DESTDIR)$(DATADIR)/man/man1 $(DESTDIR)$(DATADIR)/man/man8
	install -m 0644 policies/*.json $(DESTDIR)$(DATADIR)/holdfast/policies/
	install -m 0644 docs/event.schema.json policies/runbook.md $(DESTDIR)$(DATADIR)/holdfast/
	install -m 0644 docs/man/*.1 $(DESTDIR)$(DATADIR)/man/man1/
	install -m 0644 docs/man/*.8 $(DESTDIR)$(DATADIR)/man/man8/
	install -d $(DESTDIR)$(UNITDIR)
	for u in holdfastd.service holdfast-drill.service holdfast-drill.timer; do \
		sed 's,@BINDIR@,$(BINDIR),;s,@SBINDIR@,$(SBINDIR),' systemd/$$u >$(DESTDIR)$(UNITDIR)/$$u && chmod 0644 $(DESTDIR)$(UNITDIR)/$$u || exit 1; done
	install -D -m 0644 systemd/holdfast.tmpfiles $(DESTDIR)$(TMPFILESDIR)/holdfast.conf
	install -D -m 0644 systemd/holdfast.sysusers $(DESTDIR)$(SYSUSERSDIR)/holdfast.conf
	install -D -m 0644 systemd/completion.bash $(DESTDIR)$(COMPLETIONDIR)/holdfast

deps:
	tools/deps build vm lint

# What a guest is given: this build installed, and the test programs.
payload: all guest-programs
	rm -rf $(B)/payload
	$(MAKE) --no-print-directory install DESTDIR=$(B)/payload PREFIX=/usr CFLAGS='$(CFLAGS)'
	mkdir -p $(B)/payload/usr/lib/holdfast/tests
	cp -r tests/guest tests/demo tests/bench tests/lib tests/adversary $(B)/payload/usr/lib/holdfast/tests/ 2>/dev/null || true
	for p in $(GUEST); do install -D -m 0755 $$p $(B)/payload/usr/lib/holdfast/$${p#$(B)/}; done

vm: payload
	tools/vm/run --kernel $(KERNEL) --payload $(B)/payload -- '$(subst ','\'',$(CMD))'

demo:
	tools/demo

test:
	tools/test

# The Debian package, in build/deb.
deb:
	tools/deb

# All suites on each kernel: hours.
test-every:
	tools/test --every

# Each parser in user space, for so long: make fuzz SECONDS=600
SECONDS ?= 60
fuzz:
	tools/fuzz $(SECONDS)

# System calls at random, confined, for so long on one kernel: make fuzz-calls SECONDS=600 KERNEL=6.1
fuzz-calls:
	FUZZ='$(SECONDS) $(SEED)' tools/test --kernel $(KERNEL) --suite fuzz

# A long comparison of kernel and user space: make property OPERATIONS=300000 SEED=7 KERNEL=6.1
OPERATIONS ?= 300000
SEED ?= $(shell date +%s)
property:
	PROPERTY='$(OPERATIONS) $(SEED)' tools/test --kernel $(KERNEL) --suite property

# All of the file suites on every kind of file system.
matrix:
	MATRIX=all tools/test --kernel $(KERNEL) --suite matrix

# All attempts of tests/adversary, in all their modes.
adversary:
	ADVERSARY_MODES='root.run root.attach user.run user.attach' tools/test --kernel $(KERNEL) --suite adversary

# The same attempts in other sandboxes; the table is the end of the guest's log.
compare:
	status=0; COMPARE=all tools/test --kernel $(KERNEL) --suite compare || status=$$?; \
	sed -n '/^attempt /,/^# compare/p' build/test/$(KERNEL).log; exit $$status

# Crashes, floods, full disks, 1,000 kills and 1,000 sessions, as often as it takes to be sure: make stress KERNEL=6.1; with SANITIZE=1 the daemon is checked.
stress: payload
	tools/vm/run --kernel $(KERNEL) --payload $(B)/payload --memory 2560 --smp 2 --timeout 14400 -- \
		'STRESS=full /usr/lib/holdfast/tests/guest/run "stress leaks" $(TEST)'

bench:
	tools/bench

lint:
	tools/lint

fmt:
	clang-format -i $$(git ls-files '*.c' '*.h' ':!vmlinux')

clean:
	rm -rf build build-sanitize build-fuzz

-include $(wildcard $(B)/user/*/*.d $(B)/bpf/*.d $(B)/tests/fuzz/*.d $(B)/tests/unit/*/*.d $(B)/tests/guest/*.d $(B)/tests/bench/*.d $(B)/tests/adversary/*/*.d)
