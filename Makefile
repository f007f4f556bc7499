# spanhook: `make` builds build/spanhook, `make help` lists the rest. Needs nothing but GNU make 4.3 and a C compiler; fetches what it is
# built from (third_party/MANIFEST) once. V=1 shows the commands; ARCH=aarch64 builds for another machine; CC=clang for another compiler.

BASE := buffer clock crc32c error harmless hash io json json_copy json_digest json_grammar json_scan json_scan_skim json_scan_string json_value \
	json_write log process slice utf8
TRACE := attribute fold fold_calls fold_requests fold_span ids input_key op op_keep redact redact_named redact_shapes redact_url \
	redact_value resource_attributes session_id skill traceparent
OTLP := otlp_json otlp_json_batch
STORE := agent_log archive_files archive_lines archive_read archive_write counters cursor file frame lock oplog_append oplog_list \
	oplog_name oplog_position oplog_read settings slots state
NET := connection deadline http_client http_response resolve url
EXPORT := answer batch destination destination_headers rejected retry sender
AGENTS := config_file event install_record json_edit kiro kiro_entry kiro_home kiro_hooks kiro_install kiro_mcp kiro_plan kiro_uninstall \
	mcp_servers mcp_wrap own_binary shell_word text_diff tool_input tool_result
SHIM := child forward inject inspect lane message pending record record_message record_state recorder request_op ring scan \
	scan_path scan_value session skip watch
REPORT := arena axis code_point_width duration id_map screen_text source style terminal trace trace_list trace_list_load \
	trace_tree waterfall waterfall_span
VERBS := completion doctor doctor_endpoint doctor_hook doctor_kiro doctor_mcp doctor_state find_program findings flush help hook install \
	mcp payload pump relay relay_start sessions status uninstall verb view

UNIT_TESTS := answer archive buffer clock counters crc32c cursor destination duration fold fold_requests frame hash http_client \
	http_response ids inject io json json_digest json_edit json_scan json_write lock log mcp_wrap op oplog otlp_json redact rejected \
	request_op retry ring scan skill skip slice state terminal tool_input tool_result traceparent url utf8 waterfall
FUZZ_TARGETS := hook_payload http_response json mcp_scan oplog
MBEDTLS_SOURCES := platform_util sha256

# ---------------------------------------------------------------------------------------------------------------------------------------

VERSION := $(shell sed -n 's/.*SPANHOOK_VERSION "\(.*\)".*/\1/p' src/base/version.h)
HOST := $(shell uname -m)
ARCH := $(HOST)
PREFIX := /usr/local
THIRD_PARTY :=
FUZZ_SECONDS := 20
V :=

ifeq ($(origin CC),default)
CC := gcc
endif
CLANG := clang
PYTHON := python3
JOBS := $(shell nproc)
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(JOBS)
endif

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-8s %s\n' '$(1)' '$(2)')

# What is built for ARCH, which need not be this machine.
CROSS := $(filter-out $(HOST),$(ARCH))
PREFIXED := $(if $(CROSS),$(ARCH)-linux-gnu-)
TARGET_CC := $(if $(CROSS),$(if $(findstring clang,$(CC)),$(CC) --target=$(ARCH)-linux-gnu,$(PREFIXED)gcc),$(CC))
EMULATOR := $(if $(CROSS),$(firstword $(shell command -v qemu-$(ARCH) qemu-$(ARCH)-static) qemu-$(ARCH)))
OUT := build/$(ARCH)
BINARY := $(if $(CROSS),$(OUT)/spanhook,build/spanhook)

folder = $(addprefix src/$(1)/,$(addsuffix .c,$(2)))
LIBRARY := $(call folder,base,$(BASE)) $(call folder,trace,$(TRACE)) $(call folder,otlp,$(OTLP)) $(call folder,store,$(STORE)) \
	$(call folder,net,$(NET)) $(call folder,export,$(EXPORT)) $(call folder,agents,$(AGENTS)) $(call folder,shim,$(SHIM)) $(call folder,report,$(REPORT)) \
	$(call folder,verbs,$(VERBS))
SOURCES := $(LIBRARY) src/main.c
TEST_SOURCES := $(UNIT_TESTS:%=tests/unit/test_%.c) $(FUZZ_TARGETS:%=tests/fuzz/fuzz_%.c) tests/fuzz/replay.c
TOOL_SOURCES := tools/floor.c tools/mcp_peer.c tools/mcp_relay.c tools/spawn.c

DEFINES := -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE '-DMBEDTLS_CONFIG_FILE="spanhook_mbedtls_config.h"'
INCLUDES := -Isrc -Itests -Ithird_party -isystem build/third_party/jsmn -isystem build/third_party/mbedtls/include
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes -Wformat=2
CFLAGS :=
COMPILE := -std=c11 $(DEFINES) $(INCLUDES)

all: $(BINARY) ## build/spanhook, one static binary (the default)

# --- third party: fetched, checked, unpacked, never edited ---

# name:file:sha256 of each row of the manifest
PINNED := $(shell awk '!/^\#/ && NF { print $$1 ":" $$4 ":" $$5 }' third_party/MANIFEST)
field = $(word $(1),$(subst :, ,$(2)))
unpacked = build/third_party/$(call field,1,$(1))/.unpacked-$(call field,3,$(1))
UNPACKED := $(foreach row,$(PINNED),$(call unpacked,$(row)))
UNPACKED_MUSL := $(filter build/third_party/musl/%,$(UNPACKED))
UNPACKED_HEADERS := $(filter-out $(UNPACKED_MUSL),$(UNPACKED))

build/download/.checked: third_party/MANIFEST | build/.compiler-$(ARCH)
	$(Q)tools/fetch-third-party build/download $(THIRD_PARTY)
	$(Q)touch $@

# The stamp is named after the content, so that only a change of the content unpacks, and builds, again.
define unpack
$(call unpacked,$(1)): | build/download/.checked
	$$(call say,UNPACK,$(call field,2,$(1)))
	$$(Q)rm -rf $$(@D) && mkdir -p $$(@D)
	$$(Q)tar -xf build/download/$(call field,2,$(1)) -C $$(@D) --strip-components=1
	$$(Q)touch $$@
endef
$(foreach row,$(PINNED),$(eval $(call unpack,$(row))))

build/.compiler-$(ARCH):
	$(Q)tools/need-packages $(if $(findstring clang,$(CC)),clang,gcc) $(if $(CROSS),$(PREFIXED)gcc) ar bzip2
	$(Q)mkdir -p $(@D) && touch $@

MUSL := build/musl-$(ARCH)
MUSL_CFLAGS := -Os -pipe
$(MUSL)/lib/libc.a: $(UNPACKED_MUSL) $(MUSL)/flags
	$(call say,MUSL,$(MUSL))
	$(Q)rm -rf $(MUSL)/work && mkdir -p $(MUSL)/work
	$(Q)cd $(MUSL)/work && { ../../third_party/musl/configure CC='$(TARGET_CC)' CROSS_COMPILE=$(PREFIXED) CFLAGS='$(MUSL_CFLAGS)' \
		$(if $(CROSS),--target=$(ARCH)) --disable-shared --disable-gcc-wrapper --prefix='$(CURDIR)/$(MUSL)' && \
		$(MAKE) -s --no-print-directory CC='$(TARGET_CC)' CFLAGS='$(MUSL_CFLAGS)' install-libs install-headers; } >../log 2>&1 || \
		{ tail -n 20 ../log; exit 1; }
	$(Q)rm -rf $(MUSL)/work && touch $@
MUSL_FLAGS = $(TARGET_CC) $(MUSL_CFLAGS)

# --- objects: the same sources in several variants, each with its own flags ---

# A file that changes only when its content does: what depends on it is built again when the flags are others.
%/flags: FORCE | build/.compiler-$(ARCH)
	$(Q)$(shell mkdir -p $(@D))$(file >$@.new,$($(flags_of_$*)))cmp -s $@.new $@ && rm $@.new || mv $@.new $@
flags_of_$(MUSL) := MUSL_FLAGS

# $(call variant,FOLDER,NAME): FOLDER/obj/src/….o, compiled with $(NAME_FLAGS), and FOLDER/libspanhook.a of all but main.c.
define variant
$(1)/obj/mbedtls/%.o: $(UNPACKED_HEADERS) $(1)/flags third_party/spanhook_mbedtls_config.h $$($(2)_NEEDS)
	$$(call say,CC,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$($(2)_FLAGS) -Ibuild/third_party/mbedtls/library -c -o $$@ build/third_party/mbedtls/library/$$*.c
$(1)/obj/%.o: %.c $(1)/flags | $(UNPACKED_HEADERS) $$($(2)_NEEDS)
	$$(call say,CC,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$($(2)_FLAGS) $$(WARNINGS) -MMD -MP -c -o $$@ $$<
$(1)/libspanhook.a: $$(LIBRARY:%.c=$(1)/obj/%.o) $$(MBEDTLS_SOURCES:%=$(1)/obj/mbedtls/%.o)
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@
	$$(Q)ar rcsD $$@ $$^
flags_of_$(1) := $(2)_FLAGS
-include $$(patsubst %.c,$(1)/obj/%.d,$$(SOURCES) $$(TEST_SOURCES) $$(TOOL_SOURCES))
endef

# --- release: static, against our own musl ---

# Expanded when it is first needed, because the compiler may have to be installed before it can be asked; then kept.
once = $(eval $(1) := $(2))$($(1))
option = $(shell echo | $(TARGET_CC) -Werror $(1) -x c -S -o /dev/null - 2>/dev/null && echo '$(1)')
COMPILER_INCLUDE = $(call once,COMPILER_INCLUDE,$(shell $(TARGET_CC) -print-file-name=include))
LIBGCC = $(call once,LIBGCC,$(shell $(TARGET_CC) -print-libgcc-file-name))
# A PIE and fortify are not in the list: relocating itself would be half of a hook's start and needs a dynamic section, and musl has no
# fortified functions. relro and a stack that cannot be executed are the linker's, below.
HARDENING = $(call once,HARDENING,-fstack-protector-strong $(call option,-fstack-clash-protection) $(call option,-fcf-protection))
# Measured: a hook starts as fast with either, but -Os takes twice as long over the worst JSON; and saves 50 of 320 KiB.
OPTIMIZE := -O2
RELEASE_FLAGS = $(TARGET_CC) $(COMPILE) $(OPTIMIZE) -g $(HARDENING) -nostdinc -isystem $(MUSL)/include -isystem $(COMPILER_INCLUDE) \
	-fno-pie -fno-common -ffunction-sections -fdata-sections -fno-unwind-tables -fno-asynchronous-unwind-tables \
	'-ffile-prefix-map=$(CURDIR)=.' $(CFLAGS)
RELEASE_NEEDS := $(MUSL)/lib/libc.a
RELEASE_LINK = $(TARGET_CC) -nostdlib -static -no-pie -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,relro,-z,now,-z,noexecstack \
	-o $@ $(MUSL)/lib/crt1.o $(MUSL)/lib/crti.o $(filter %.o,$^) $(filter %/libspanhook.a,$^) \
	-Wl,--start-group $(MUSL)/lib/libc.a $(LIBGCC) -Wl,--end-group $(MUSL)/lib/crtn.o
$(eval $(call variant,$(OUT),RELEASE))

$(BINARY).debug: $(OUT)/obj/src/main.o $(OUT)/libspanhook.a $(MUSL)/lib/libc.a
	$(call say,LINK,$@)
	$(Q)$(RELEASE_LINK)

$(BINARY): $(BINARY).debug
	$(call say,STRIP,$@)
	$(Q)$(PREFIXED)strip --strip-all --remove-section=.comment -o $@.new $< && mv $@.new $@

$(OUT)/unit/%: $(OUT)/obj/tests/unit/%.o $(OUT)/libspanhook.a $(MUSL)/lib/libc.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(RELEASE_LINK)

build/floor build/mcp_peer build/mcp_relay build/spawn: build/%: build/$(HOST)/obj/tools/%.o $(MUSL)/lib/libc.a
	$(call say,LINK,$@)
	$(Q)$(RELEASE_LINK)

# --- tests: the same sources under AddressSanitizer and UndefinedBehaviorSanitizer, with the machine's own C library ---

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
ASAN_FLAGS = $(CC) $(COMPILE) -O1 -g $(SANITIZE)
ASAN_NEEDS := build/.test-tools
$(eval $(call variant,build/asan,ASAN))
ASAN_LINK = $(CC) $(SANITIZE) -o $@ $^

UNIT_PROGRAMS := $(UNIT_TESTS:%=build/asan/unit/test_%)
REPLAY_PROGRAMS := $(FUZZ_TARGETS:%=build/asan/fuzz/replay_%)

build/.test-tools: | build/.compiler-$(ARCH)
	$(Q)tools/need-packages headers python3 strace
	$(Q)touch $@

build/asan/unit/%: build/asan/obj/tests/unit/%.o build/asan/libspanhook.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(ASAN_LINK)

build/asan/fuzz/replay_%: build/asan/obj/tests/fuzz/fuzz_%.o build/asan/obj/tests/fuzz/replay.o build/asan/libspanhook.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(ASAN_LINK)

build/asan/spanhook: build/asan/obj/src/main.o build/asan/libspanhook.a
	$(call say,LINK,$@)
	$(Q)$(ASAN_LINK)

RUN_TESTS := $(PYTHON) tests/run.py
TESTS :=

test: check-lists $(BINARY) build/floor $(UNIT_PROGRAMS) $(REPLAY_PROGRAMS) ## everything; TESTS=words runs those whose name has one of them
	$(Q)$(RUN_TESTS) --unit $(UNIT_PROGRAMS) --replay $(REPLAY_PROGRAMS) --process -- $(TESTS)

unit: $(UNIT_PROGRAMS) $(REPLAY_PROGRAMS) ## unit tests and the fuzz corpora under ASan and UBSan
	$(Q)$(RUN_TESTS) --unit $(UNIT_PROGRAMS) --replay $(REPLAY_PROGRAMS) -- $(TESTS)

process: $(BINARY) build/floor build/.test-tools ## process tests of the release binary
	$(Q)$(RUN_TESTS) --process -- $(TESTS)

# Those left out measure, limit or trace what the sanitizers' own runtime needs: time, memory, descriptors, system calls.
ASAN_EXCEPT := deadline limits H20 H21 H25 S05_interrupted bad_log R9_start
asan-process: build/asan/spanhook build/floor ## process tests of a binary under ASan and UBSan
	$(Q)SPANHOOK_BINARY=build/asan/spanhook $(RUN_TESTS) --process --except $(ASAN_EXCEPT) -- $(TESTS)

unit-release: $(UNIT_TESTS:%=$(OUT)/unit/test_%) ## unit tests as the release is built: musl, no sanitizer, ARCH
	$(Q)$(RUN_TESTS) --emulator '$(EMULATOR)' --unit $^

demo: $(BINARY) ## plays a recorded session through hook processes and shows its waterfall
	$(Q)tools/demo

bench: $(BINARY) build/floor build/spawn ## the figures of the hook's cost, as a table and build/bench.json; BENCH=arguments
	$(Q)tools/need-packages python3 curl jq
	$(Q)$(PYTHON) tools/bench.py $(BENCH)

bench-mcp: $(BINARY) build/mcp_peer build/mcp_relay ## the figures of the MCP shim's cost, likewise, and build/bench-mcp.json
	$(Q)tools/need-packages python3
	$(Q)$(PYTHON) tools/bench_mcp.py $(BENCH)

interop: $(BINARY) ## against a real OpenTelemetry Collector
	$(Q)tests/interop/run

interop-mcp: $(BINARY) ## the MCP shim between the official SDKs and servers; MCP_PARTS=names
	$(Q)tools/need-packages python3
	$(Q)$(PYTHON) tests/interop/mcp/run $(MCP_PARTS)

# --- fuzzing ---

FUZZ_FLAGS = $(CLANG) $(COMPILE) -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
FUZZ_NEEDS := build/.fuzz-tools
$(eval $(call variant,build/fuzz,FUZZ))

build/.fuzz-tools: | build/.test-tools
	$(Q)tools/need-packages clang fuzzer
	$(Q)touch $@

build/fuzz/fuzz_%: build/fuzz/obj/tests/fuzz/fuzz_%.o build/fuzz/libspanhook.a
	$(call say,LINK,$@)
	$(Q)$(CLANG) -fsanitize=fuzzer,address,undefined -o $@ $^

fuzz: $(FUZZ_TARGETS:%=fuzz-%) ## every fuzz target for FUZZ_SECONDS; what is found is in build/fuzz/found

fuzz-%: build/fuzz/fuzz_%
	$(Q)mkdir -p build/fuzz/corpus/$* build/fuzz/found
	$(call say,FUZZ,$* for $(FUZZ_SECONDS) s)
	$(Q)$< -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=1024 -max_len=65536 -print_final_stats=1 \
		-artifact_prefix=build/fuzz/found/$*- build/fuzz/corpus/$* tests/fuzz/corpus/$* >build/fuzz/$*.log 2>&1 \
		|| { tail -n 60 build/fuzz/$*.log; exit 1; }
	$(Q)grep -h stat::number_of_executed_units build/fuzz/$*.log

# --- checks ---

CHECKED := $(SOURCES) $(TEST_SOURCES) $(TOOL_SOURCES)
WARN_GCC_FLAGS = gcc $(COMPILE) -O2 -Werror
WARN_CLANG_FLAGS = $(CLANG) $(COMPILE) -O1 -Werror
WARN_GCC_NEEDS := build/.test-tools
WARN_CLANG_NEEDS := build/.fuzz-tools
$(eval $(call variant,build/warnings/gcc,WARN_GCC))
$(eval $(call variant,build/warnings/clang,WARN_CLANG))

warnings: $(CHECKED:%.c=build/warnings/gcc/obj/%.o) $(CHECKED:%.c=build/warnings/clang/obj/%.o) ## gcc and clang, every warning an error

lint: check-lists check-style tidy tidy-tools cppcheck ## style, include direction, clang-tidy, cppcheck

check-style: build/.test-tools
	$(Q)$(PYTHON) tools/check-style

# Beside the object, whose dependencies say which headers it has seen.
build/tidy/%: build/warnings/clang/obj/%.o .clang-tidy
	$(call say,TIDY,$*.c)
	$(Q)mkdir -p $(@D)
	$(Q)clang-tidy --quiet $*.c -- $(COMPILE) 2>$@.log || { cat $@.log; exit 1; }
	$(Q)touch $@
tidy: tidy-tools $(CHECKED:%.c=build/tidy/%)
tidy-tools:
	$(Q)tools/need-packages clang-tidy headers

cppcheck: $(UNPACKED_HEADERS)
	$(Q)tools/need-packages cppcheck
	$(call say,CPPCHECK,$(words $(SOURCES)) files)
	$(Q)mkdir -p build/cppcheck
	$(Q)cppcheck -j $(JOBS) --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
		--suppress=missingIncludeSystem --suppress='*:build/*' --cppcheck-build-dir=build/cppcheck $(DEFINES) -Isrc -Ithird_party $(SOURCES)

ON_DISK := $(wildcard src/*.c src/*/*.c src/*/*/*.c tests/unit/test_*.c tests/fuzz/*.c tools/*.c)
check-lists: # the lists above name exactly the files that are there
	$(Q)$(foreach file,$(filter-out $(CHECKED),$(ON_DISK)),echo 'Makefile: $(file) is not in its list';) \
		$(foreach file,$(filter-out $(ON_DISK),$(CHECKED)),echo 'Makefile: $(file) is listed but not there';) \
		$(if $(filter-out $(CHECKED),$(ON_DISK))$(filter-out $(ON_DISK),$(CHECKED)),false,true)

cross: ## builds for aarch64 and runs the unit tests and a session under qemu
	$(Q)tools/need-packages aarch64-linux-gnu-gcc qemu-aarch64 python3
	$(Q)$(MAKE) --no-print-directory ARCH=aarch64 smoke
	$(Q)$(MAKE) --no-print-directory ARCH=aarch64 unit-release

smoke: $(BINARY) # a session through the binary, with nothing but a shell
	$(Q)tests/smoke $(EMULATOR) $(CURDIR)/$(BINARY)

# --- release ---

# What git tracks; all there is where git tracks nothing, as in a tarball.
RELEASE_NAME := spanhook-$(VERSION)
RELEASE_FILES = $(or $(shell git ls-files 2>/dev/null),$(shell find . \( -path ./build -o -path ./.git -o -path ./third_party/download \
	-o -name __pycache__ \) -prune -o -type f -print | sed 's,^\./,,'))
SOURCE_DATE_EPOCH ?= $(or $(shell git log -1 --format=%ct 2>/dev/null),$(shell stat -c %Y src/base/version.h))

dist: build/$(RELEASE_NAME).tar.gz ## a tarball that builds without network
build/$(RELEASE_NAME).tar.gz: build/download/.checked FORCE
	$(call say,DIST,$@)
	$(Q)rm -rf build/dist && mkdir -p build/dist/$(RELEASE_NAME)
	$(Q)tar -cf - $(sort $(RELEASE_FILES)) | tar -xf - -C build/dist/$(RELEASE_NAME)
	$(Q)mkdir build/dist/$(RELEASE_NAME)/third_party/download
	$(Q)cp $(foreach row,$(PINNED),build/download/$(call field,2,$(row))) build/dist/$(RELEASE_NAME)/third_party/download
	$(Q)chmod -R u=rwX,go=rX build/dist
	$(Q)tar -C build/dist --sort=name --format=ustar --owner=0 --group=0 --numeric-owner --mtime=@$(SOURCE_DATE_EPOCH) -cf - \
		$(RELEASE_NAME) | gzip -9 -n >$@.new && mv $@.new $@

distcheck: dist $(BINARY) ## unpacks the tarball and builds it where there is no network; the binary must come out the same
	$(Q)tools/need-packages unshare
	$(Q)tools/distcheck build/$(RELEASE_NAME).tar.gz $(BINARY)

DESTDIR :=
BIN := $(DESTDIR)$(PREFIX)/bin
SHARE := $(DESTDIR)$(PREFIX)/share
install: $(BINARY) ## the binary, its man page and completions; PREFIX, DESTDIR
	install -D -m 755 $(BINARY) $(BIN)/spanhook
	install -D -m 644 docs/spanhook.1 $(SHARE)/man/man1/spanhook.1
	$(EMULATOR) $(BINARY) completion bash >build/completion.bash
	$(EMULATOR) $(BINARY) completion zsh >build/completion.zsh
	$(EMULATOR) $(BINARY) completion fish >build/completion.fish
	install -D -m 644 build/completion.bash $(SHARE)/bash-completion/completions/spanhook
	install -D -m 644 build/completion.zsh $(SHARE)/zsh/site-functions/_spanhook
	install -D -m 644 build/completion.fish $(SHARE)/fish/vendor_completions.d/spanhook.fish
	install -D -m 644 LICENSE $(SHARE)/doc/spanhook/LICENSE
	install -D -m 644 build/third_party/musl/COPYRIGHT $(SHARE)/doc/spanhook/LICENSE.musl
	install -D -m 644 build/third_party/mbedtls/LICENSE $(SHARE)/doc/spanhook/LICENSE.mbedtls
	install -D -m 644 build/third_party/jsmn/LICENSE $(SHARE)/doc/spanhook/LICENSE.jsmn

clean: ## what was built, but not what was fetched, musl, or interop's collector and SDKs
	$(Q)find build -mindepth 1 -maxdepth 1 ! -name download ! -name third_party ! -name interop ! -name 'musl-*' -exec rm -rf {} + 2>/dev/null || true

distclean: ## all of build/
	$(Q)rm -rf build

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

FORCE:
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all test unit process asan-process unit-release demo bench bench-mcp interop interop-mcp fuzz warnings lint check-style tidy \
	tidy-tools cppcheck check-lists cross smoke dist distcheck install clean distclean help FORCE
