# Repatch. `make demo` and `make test` do all the set-up on a bare Debian 12.
# Variables for other builds: BUILD (folder), CC, OPT, EXTRA (flags for compiling and linking).

MAKEFLAGS += -rR
# V=1 shows the commands.
V     ?= 0
Q      = $(if $(filter 1,$(V)),,@)
say    = $(if $(filter 1,$(V)),,@echo '  $(1)')

CC    ?= gcc
ifeq ($(origin CC),default)
CC    := gcc
endif
BUILD ?= build
OPT   ?= -O2
EXTRA ?=

WARN   = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
         -Wvla -Werror
# -ffp-contract=off: no fused multiply-add, promise P1. -fno-trapping-math changes no value: loops
# with divisions may be vectorised. -fno-math-errno: a square root is an instruction, not a call.
FLAGS  = -std=c11 -D_POSIX_C_SOURCE=200809L -I. $(OPT) -g -ffp-contract=off -fno-trapping-math \
         -fno-math-errno $(WARN) $(EXTRA)
# gcc for s390x would compute floats as doubles, the standard allowing it.
ifneq ($(filter s390%,$(shell $(CC) -dumpmachine)),)
FLAGS += $(if $(findstring clang,$(CC)),,-fexcess-precision=fast)
endif
# On Linux render/libraries.c loads the first three when they are called.
LIBS   = -Wl,--as-needed -lsndfile -lsamplerate -logg -lxxhash -ljansson -lgmp -lpthread -lm -ldl
# What patchdiff needs besides.
DIFF_LIBS = -lfftw3 -lcairo -lz -lm

VM       = tables verify verify_code load pairing cost range params group snapshot disassemble engines
TEXT     = $(notdir $(basename $(wildcard text/*.c)))
COMPILER = $(notdir $(basename $(wildcard compiler/*.c)))
LOWER    = $(notdir $(basename $(wildcard compiler/lower/*.c)))
TARGETS  = $(notdir $(basename $(wildcard compiler/target/*.c)))
DIFF     = $(notdir $(basename $(wildcard diff/*.c)))
RENDER   = $(patsubst render/%.c,%,$(wildcard render/*.c render/*/*.c))

# Engines: lanes, width of a vector, ISA. See vm/engine.c.
ENGINES  = 1_1_base 4_4_base 8_4_base 16_4_base
ifneq ($(filter x86_64%,$(shell $(CC) -dumpmachine)),)
ENGINES += 1_1_avx2 4_4_avx2 8_8_avx2 16_8_avx2 1_1_avx512 16_16_avx512
endif
ISA_base   =
ISA_avx2   = -mavx2
ISA_avx512 = -mavx512f -mavx512vl -mavx512dq -mavx512bw -mprefer-vector-width=512
# Kernel loops are worth the compiler's whole effort, unless the build asks for another.
ENGINE_OPT = $(if $(filter -O2,$(OPT)),-O3,$(OPT))

# A folder of vm/ with ops is a family; each is built for each engine by itself.
FAMILIES = $(notdir $(patsubst %/ops.def,%,$(wildcard vm/*/ops.def)))

VM_OBJECTS     = $(VM:%=$(BUILD)/vm/%.o) $(ENGINES:%=$(BUILD)/vm/engine_%.o) \
                 $(ENGINES:%=$(BUILD)/vm/pairs_%.o) \
                 $(foreach f,$(FAMILIES),$(ENGINES:%=$(BUILD)/vm/$(f)/loops_%.o))
ALL_OBJECTS    = $(VM_OBJECTS) $(TEXT:%=$(BUILD)/text/%.o) $(COMPILER:%=$(BUILD)/compiler/%.o) \
                 $(LOWER:%=$(BUILD)/compiler/lower/%.o) \
                 $(TARGETS:%=$(BUILD)/compiler/target/%.o) $(RENDER:%=$(BUILD)/render/%.o)
DIFF_OBJECTS   = $(DIFF:%=$(BUILD)/diff/%.o)

.PHONY: all programs demo demo-built test test-built test-functions unit clean format setup-build setup-test \
        conformance test-machines setup-machines test-mutants bench setup-bench
all: programs
programs: $(BUILD)/patchc $(BUILD)/patchrun $(BUILD)/patchdiff
	@if [ "$(BUILD)" = build ]; then ln -f $^ bin/; fi

$(BUILD)/patchc: $(ALL_OBJECTS) $(patsubst bin/%.c,$(BUILD)/bin/%.o,$(wildcard bin/patchc*.c))
	$(call say,LINK $@)
	$(Q)$(CC) $(FLAGS) -o $@ $^ $(LIBS)

$(BUILD)/patchrun: $(ALL_OBJECTS) $(patsubst bin/%.c,$(BUILD)/bin/%.o,$(wildcard bin/patchrun*.c))
	$(call say,LINK $@)
	$(Q)$(CC) $(FLAGS) -o $@ $^ $(LIBS)

# It makes no sound itself: patchrun does.
$(BUILD)/patchdiff: $(DIFF_OBJECTS) $(ALL_OBJECTS) $(patsubst bin/%.c,$(BUILD)/bin/%.o,$(wildcard bin/patchdiff*.c))
	$(call say,LINK $@)
	$(Q)$(CC) $(FLAGS) -o $@ $^ $(LIBS) $(DIFF_LIBS)

# The stem is lanes_vector_isa.
ENGINE_FLAGS = $(ENGINE_OPT) -DVM_LANES=$(word 1,$(subst _, ,$*)) -DVM_VEC=$(word 2,$(subst _, ,$*)) \
               $(ISA_$(word 3,$(subst _, ,$*))) \
               -DVM_ISA=$(word 3,$(subst _, ,$*)) -DVM_IS_BASE=$(if $(filter %_base,$*),1,0) \
               -DVM_SUFFIX=$(word 1,$(subst _, ,$*))_$(word 3,$(subst _, ,$*))

$(BUILD)/vm/engine_%.o: vm/engine.c
	@mkdir -p $(@D)
	$(call say,CC $@)
	$(Q)$(CC) $(FLAGS) $(ENGINE_FLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/vm/pairs_%.o: vm/pairs.c
	@mkdir -p $(@D)
	$(call say,CC $@)
	$(Q)$(CC) $(FLAGS) $(ENGINE_FLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/vm/engines.o: override EXTRA += $(if $(filter %_avx2,$(ENGINES)),,-DVM_BASE)

# A family whose loops need more than its kernels: the header that has both.
LOOPS_env = gated
LOOPS_osc = phased

define loops_of
$(BUILD)/vm/$(1)/loops_%.o: vm/loops.c
	@mkdir -p $$(@D)
	$$(call say,CC $$@)
	$$(Q)$$(CC) $$(FLAGS) $$(ENGINE_FLAGS) -MMD -MP -c -o $$@ $$< \
	    -DVM_OPS='"vm/$(1)/ops.def"' -DVM_KERNELS='"vm/$(1)/$(or $(LOOPS_$(1)),kernels).h"'
endef
$(foreach f,$(FAMILIES),$(eval $(call loops_of,$(f))))

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC $@)
	$(Q)$(CC) $(FLAGS) $(if $(filter render/%,$<),$(ENGINE_OPT)) -MMD -MP -c -o $@ $<

# ---- set-up ----

NEEDED_TO_BUILD = gcc libc6-dev libsndfile1-dev libogg-dev libxxhash-dev libjansson-dev \
                  libsamplerate0-dev libgmp-dev libfftw3-dev libcairo2-dev zlib1g-dev
NEEDED_TO_TEST  = $(NEEDED_TO_BUILD) clang libclang-rt-14-dev libcmocka-dev sox mandoc \
                  python3-minimal python3-jsonschema python3-xxhash bsdutils \
                  libxml2-utils openttd-openmsx libmpfr-dev locales $(CROSS_FAST)
# Other machines: the first two in `make test`, all in `make test-machines`.
CROSS_FAST = gcc-aarch64-linux-gnu libc6-dev-arm64-cross gcc-s390x-linux-gnu \
             libc6-dev-s390x-cross qemu-user
NEEDED_FOR_MACHINES = $(NEEDED_TO_TEST) gcc-arm-linux-gnueabihf libc6-dev-armhf-cross \
                      gcc-riscv64-linux-gnu libc6-dev-riscv64-cross gcc-i686-linux-gnu \
                      libc6-dev-i386-cross gcc-powerpc64le-linux-gnu libc6-dev-ppc64el-cross \
                      musl-tools wasi-libc lld libclang-rt-14-dev-wasm32

# $(call install,packages): says what is missing, then installs it.
define install
	@missing=; for p in $(1); do \
	    dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; \
	done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if ! command -v apt-get >/dev/null; then \
	    echo "These Debian packages, or what your system calls them, are needed:$$missing"; exit 0; fi; \
	as_root=; if [ "$$(id -u)" != 0 ]; then as_root=sudo; fi; \
	echo "Installing Debian packages:$$missing"; \
	$$as_root apt-get update -qq && \
	$$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing
endef

setup-build:
	$(call install,$(NEEDED_TO_BUILD))
setup-test:
	$(call install,$(NEEDED_TO_TEST))

# As many jobs as there are cores, unless the caller said how many.
PARALLEL = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

# ---- demo ----

demo: setup-build
	@$(MAKE) --no-print-directory $(PARALLEL) demo-built

EFFECTS = coin laser explosion jump hit power-up blip engine-loop wind footstep

demo-built: programs
	@mkdir -p demo
	@for e in $(EFFECTS); do \
	    bin/patchc fixtures/$$e.sx -o demo/$$e.pbc && \
	    bin/patchrun demo/$$e.pbc -o demo/$$e.wav && echo "demo/$$e.wav" || exit 1; \
	done
	@bin/patchrun fixtures/scores/night-drive.sx -o demo/night-drive.wav && echo demo/night-drive.wav
	@echo "Ten game sound effects and a tune are in demo/. Each effect comes from the patch of its name in"
	@echo "fixtures/, the tune from the score fixtures/scores/night-drive.sx."

# ---- tests ----

test: setup-test
	@$(MAKE) --no-print-directory $(PARALLEL) test-built

test-built: programs unit conformance
	@tests/run

# The kit's engine, and what makes its cases.
conformance: $(BUILD)/conformance/engine $(BUILD)/tests/conformance/trials \
             $(BUILD)/tests/machines/compile $(BUILD)/tests/machines/functions

# What `make test` leaves out of other machines, compilers and sanitizers; ends in a table of hashes.
# WebAssembly runs under the node that is there, or Debian's.
test-machines: setup-machines
	@$(MAKE) --no-print-directory $(PARALLEL) programs conformance $(BUILD)/tests/harsh/patchrun
	@tests/machines/run
setup-machines:
	$(call install,$(NEEDED_FOR_MACHINES) $(if $(shell command -v node),,nodejs))

# Every argument of every function of vm/math.h: minutes.
test-functions: setup-test
	@$(MAKE) --no-print-directory $(PARALLEL) $(BUILD)/tests/numeric/functions
	@EVERY=1 tests/run numeric

# Changes of one token that the tests must see: about an hour. SEED=, COUNT=, JOBS=.
test-mutants: setup-test
	@CC="$(CC)" tests/mutants/run --seed $(or $(SEED),1) --count $(or $(COUNT),100) --jobs $(or $(JOBS),$(shell nproc))

# Which branches of the source the tests take; fails where it is less than 90 %: docs/testing.md.
.PHONY: coverage
coverage: setup-test
	@tests/coverage/report

UNIT_TESTS = $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/*/test_*.c))
unit: $(UNIT_TESTS) $(BUILD)/tests/tools/audio_stats $(BUILD)/tests/numeric/functions \
      $(BUILD)/tests/faults/faults.so $(BUILD)/tests/harsh/patchc $(BUILD)/tests/harsh/patchrun \
      $(BUILD)/tests/harsh/mistaken

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(ALL_OBJECTS)
	$(call say,LINK $@)
	$(Q)$(CC) $(FLAGS) -o $@ $(filter %.o,$^) $(LIBS) -lcmocka -lm

# The engine of the conformance kit: the machine and the mixer, without a library. The conformance
# kit's page says more.
ENGINE_OBJECTS = $(VM_OBJECTS) $(patsubst %.c,$(BUILD)/%.o,$(wildcard render/mixer/*.c)) \
                 $(BUILD)/render/error.o $(patsubst %.c,$(BUILD)/%.o,$(wildcard conformance/*.c))
$(BUILD)/conformance/engine: $(ENGINE_OBJECTS)
	$(call say,LINK $@)
	$(Q)$(CC) $(FLAGS) -o $@ $^ $(ENGINE_LIBS)
ENGINE_LIBS = -lm -lpthread

# The compiler without a library, for machines that have none.
COMPILE_OBJECTS = $(VM_OBJECTS) $(filter-out %/json.o,$(TEXT:%=$(BUILD)/text/%.o)) \
                  $(filter-out %/json_read.o %/format.o,$(COMPILER:%=$(BUILD)/compiler/%.o)) \
                  $(LOWER:%=$(BUILD)/compiler/lower/%.o) $(BUILD)/compiler/target/bytecode.o \
                  $(BUILD)/tests/machines/compile.o $(BUILD)/tests/machines/no_json.o
$(BUILD)/tests/machines/compile: $(COMPILE_OBJECTS)
	$(call say,LINK $@)
	$(Q)$(CC) $(FLAGS) -o $@ $^ -lm

# patchc and patchrun where all is harsh: heavy mode, disorder of threads, an odd host.
HARSH_CALLS = pthread_create pthread_mutex_lock pthread_mutex_unlock pthread_cond_wait \
              pthread_cond_signal pthread_cond_broadcast mix_group_run mix_sample_span \
              rp_instantiate rp_voice_start rp_voice_stop rp_param_set rp_param_glide rp_restore \
              rp_process rp_process_checked rp_process_tapped
$(BUILD)/tests/harsh/patch%: $(BUILD)/tests/harsh/harsh.o $(BUILD)/conformance/host.o $(ALL_OBJECTS) \
    $(patsubst bin/%.c,$(BUILD)/bin/%.o,$(wildcard bin/patchc*.c bin/patchrun*.c))
	$(call say,LINK $@)
	$(Q)$(CC) $(FLAGS) -o $@ $(filter-out $(BUILD)/bin/%,$^) $(filter $(BUILD)/bin/$(@F)%,$^) \
	    $(HARSH_CALLS:%=-Wl,--wrap=%) $(LIBS)
# patchrun once more, with a mistake that only disorder can show: who waits for the others' work looks once.
$(BUILD)/tests/harsh/mistaken.c: render/mixer/crew.c
	@mkdir -p $(@D)
	$(Q)sed 's/while (crew->busy > 0)/if (crew->busy > 0)/' $< >$@ && ! cmp -s $< $@
$(BUILD)/tests/harsh/mistaken.o: $(BUILD)/tests/harsh/mistaken.c
	$(call say,CC $@)
	$(Q)$(CC) $(FLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/tests/harsh/mistaken: $(BUILD)/tests/harsh/harsh.o $(BUILD)/conformance/host.o $(BUILD)/tests/harsh/mistaken.o \
    $(filter-out %/mixer/crew.o,$(ALL_OBJECTS)) $(patsubst bin/%.c,$(BUILD)/bin/%.o,$(wildcard bin/patchrun*.c))
	$(call say,LINK $@)
	$(Q)$(CC) $(FLAGS) -o $@ $^ $(HARSH_CALLS:%=-Wl,--wrap=%) $(LIBS)

# Preloaded, and with it what the programs load themselves, whose loading is not to be met; see
# docs/testing.md. It is no part of a build with a sanitizer: EXTRA is not for it.
$(BUILD)/tests/faults/faults.so: tests/faults/faults.c
	@mkdir -p $(@D)
	$(call say,LINK $@)
	$(Q)$(CC) -std=gnu11 -O2 -g $(filter-out -Wpedantic,$(WARN)) -fPIC -shared -o $@ $< -ldl \
	    -Wl,--no-as-needed -lsndfile -lsamplerate -logg

$(BUILD)/tests/diff/%: $(BUILD)/tests/diff/%.o $(DIFF_OBJECTS) $(ALL_OBJECTS)
	$(call say,LINK $@)
	$(Q)$(CC) $(FLAGS) -o $@ $(filter %.o,$^) $(LIBS) $(DIFF_LIBS) -lcmocka

# The numeric kernels at every width, in one program. gcc warns that wide vectors as results have
# another ABI with AVX; none crosses a file.
KERNS = $(foreach v,1 4 8 16,$(BUILD)/tests/numeric/kern_$(v).o)
$(KERNS): $(BUILD)/tests/numeric/kern_%.o: tests/numeric/kern.c
	@mkdir -p $(@D)
	$(call say,CC $@)
	$(Q)$(CC) $(FLAGS) -Wno-psabi -MMD -MP -DVM_VEC=$* -c -o $@ $<
$(BUILD)/tests/numeric/test_%: $(BUILD)/tests/numeric/test_%.o $(KERNS)
	$(call say,LINK $@)
	$(Q)$(CC) $(FLAGS) -o $@ $^ -lcmocka -lm
# Kernels that count their operations are read as C++, which has numbers that can.
$(BUILD)/tests/vm/count.o: tests/vm/count.cc
	@mkdir -p $(@D)
	$(call say,CC $@)
	$(Q)clang -x c++ -std=c++17 -I. -O1 -fno-exceptions -fno-rtti -fno-math-errno -ffp-contract=off \
	    -Wall -Werror -MMD -MP -c -o $@ $<
$(BUILD)/tests/vm/test_cost $(BUILD)/tests/vm/test_limits: $(BUILD)/tests/vm/count.o
$(BUILD)/tests/numeric/functions: $(BUILD)/tests/numeric/functions.o $(KERNS)
	$(call say,LINK $@)
	$(Q)$(CC) $(FLAGS) -o $@ $^ -lmpfr -lgmp -lpthread -lm
# Their hashes alone, for machines that have no MPFR.
$(BUILD)/tests/machines/functions.o: tests/numeric/functions.c
	@mkdir -p $(@D)
	$(call say,CC $@)
	$(Q)$(CC) $(FLAGS) -DNO_MPFR -MMD -MP -c -o $@ $<
$(BUILD)/tests/machines/functions: $(BUILD)/tests/machines/functions.o $(KERNS)
	$(call say,LINK $@)
	$(Q)$(CC) $(FLAGS) -o $@ $^ $(ENGINE_LIBS)
$(BUILD)/tests/tools/%: $(BUILD)/tests/tools/%.o
	$(call say,LINK $@)
	$(Q)$(CC) $(FLAGS) -o $@ $^ $(LIBS)
$(BUILD)/bench/%: $(BUILD)/bench/%.o $(ALL_OBJECTS)
	$(call say,LINK $@)
	$(Q)$(CC) $(FLAGS) -o $@ $(filter %.o,$^) $(LIBS) -lcmocka -lm
.SECONDARY:

# ---- the bench ----
# bench/speed.py says what ROWS, SYSTEMS and ROUNDS are; BENCH=rows or BENCH=scaling does one half.
# It measures one thing at a time: nothing else should run.
NEEDED_TO_BENCH = $(NEEDED_TO_BUILD) python3-numpy faust g++ supercollider-server csound chuck \
                  puredata-core sox
setup-bench:
	$(call install,$(NEEDED_TO_BENCH))
bench: setup-bench
	@$(MAKE) --no-print-directory $(PARALLEL) programs
	@bad=0; \
	if [ "$(or $(BENCH),all)" != scaling ]; then \
	    /usr/bin/python3 bench/speed.py || bad=$$?; fi; \
	if [ "$(or $(BENCH),all)" != rows ]; then /usr/bin/python3 bench/scaling.py || bad=$$?; fi; \
	exit $$bad

# ---- fuzzing ----
# A target is built for libFuzzer with clang, for AFL++ with its clang, and with tests/fuzz/main.c as
# a program that reads files. Two engines are enough.

FUZZ_TARGETS = sx json assemble bytecode score jsonl batch midi sample
FUZZ_KIT     = $(patsubst tests/%.c,$(BUILD)/tests/%.o,$(wildcard tests/fuzz/kit/*.c)) \
               $(BUILD)/tests/vm/count.o
FUZZ_CC     ?= clang
FUZZ_LINK   ?=
FUZZ_MAIN   ?= $(BUILD)/tests/fuzz/main.o
FUZZ_EXTRA   = -fsanitize=address,undefined -fno-sanitize-recover=undefined -DVM_NARROW -DFUZZING
FUZZ_MAKE    = $(MAKE) --no-print-directory OPT=-O1 ENGINES="1_1_base 4_4_base"

.PHONY: fuzz fuzz-programs fuzz-libfuzzer fuzz-plain fuzz-afl setup-afl
fuzz-programs: $(FUZZ_TARGETS:%=$(BUILD)/fuzz_%)
$(BUILD)/fuzz_%: $(BUILD)/tests/fuzz/%.o $(FUZZ_KIT) $(FUZZ_MAIN) $(ALL_OBJECTS)
	$(call say,LINK $@)
	$(Q)$(CC) $(FLAGS) $(FUZZ_LINK) -o $@ $^ $(LIBS)
fuzz-libfuzzer:
	+@$(FUZZ_MAKE) BUILD=build/fuzz CC="$(FUZZ_CC)" FUZZ_LINK=-fsanitize=fuzzer FUZZ_MAIN= \
	    EXTRA="-fsanitize=fuzzer-no-link $(FUZZ_EXTRA)" fuzz-programs
fuzz-plain:
	+@$(FUZZ_MAKE) BUILD=build/fuzz-plain EXTRA="$(FUZZ_EXTRA)" fuzz-programs
setup-afl:
	$(call install,afl++)
fuzz-afl: setup-afl
	+@$(FUZZ_MAKE) BUILD=build/fuzz-afl CC=afl-clang-fast EXTRA="$(FUZZ_EXTRA)" fuzz-programs \
	    build/fuzz-afl/mutator.so
build/fuzz-afl/mutator.so: tests/fuzz/afl.c tests/fuzz/kit/mutate.c vm/tables.c vm/verify.c vm/verify_code.c
	@mkdir -p $(@D)
	$(call say,LINK $@)
	$(Q)clang -std=c11 -I. -O2 -fPIC -shared $(WARN) -o $@ $^
# Long runs: TARGET=, MINUTES= of CPU each, ENGINE=libfuzzer or afl, JOBS= at a time.
fuzz: setup-test
	@$(MAKE) --no-print-directory $(PARALLEL) fuzz-$(or $(ENGINE),libfuzzer)
	@TARGET="$(TARGET)" MINUTES="$(MINUTES)" ENGINE="$(ENGINE)" JOBS="$(JOBS)" WORK="$(WORK)" tests/fuzz/long

# ---- the rest ----

man/modules.7: $(BUILD)/patchc
	$(call say,MAN $@)
	$(Q)$(BUILD)/patchc --modules=man -o $@
# The tables in it; the rest is written by hand.
docs/modules.md: $(BUILD)/patchc
	$(call say,TABLES $@)
	$(Q)$(BUILD)/patchc --modules=markdown -o $(BUILD)/modules.md
	$(Q)sed -i -e '/^<!-- patchc/,/^<!-- end/{//!d}' -e '/^<!-- patchc/r $(BUILD)/modules.md' $@

format:
	clang-format -i $$(git ls-files '*.[ch]')

clean:
	rm -rf build demo bin/patchc bin/patchrun bin/patchdiff

-include $(shell find $(BUILD) -path '$(BUILD)/mutants' -prune -o -name '*.d' -print 2>/dev/null)
