# Repatch. `make demo` and `make test` do all the set-up on a bare Debian 12.
# Variables for other builds: BUILD (folder), CC, OPT, EXTRA (flags for compiling and linking).

MAKEFLAGS += -rR

CC    ?= gcc
ifeq ($(origin CC),default)
CC    := gcc
endif
BUILD ?= build
OPT   ?= -O2
EXTRA ?=

WARN   = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
         -Wvla -Werror
# -ffp-contract=off: no fused multiply-add, promise P1. -fno-math-errno: sqrt is an instruction.
FLAGS  = -std=c11 -D_POSIX_C_SOURCE=200809L -I. $(OPT) -g -ffp-contract=off -fno-math-errno \
         $(WARN) $(EXTRA)
LIBS   = -lsndfile -logg -lxxhash -ljansson -lpthread

VM       = tables verify load params group snapshot disassemble engines
COMPILER = $(notdir $(basename $(wildcard compiler/*.c)))
TARGETS  = $(notdir $(basename $(wildcard compiler/target/*.c)))
RENDER   = $(notdir $(basename $(wildcard render/*.c)))

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

VM_OBJECTS     = $(VM:%=$(BUILD)/vm/%.o) $(ENGINES:%=$(BUILD)/vm/engine_%.o)
ALL_OBJECTS    = $(VM_OBJECTS) $(COMPILER:%=$(BUILD)/compiler/%.o) \
                 $(TARGETS:%=$(BUILD)/compiler/target/%.o) $(RENDER:%=$(BUILD)/render/%.o)

.PHONY: all programs
all: programs
programs: $(BUILD)/patchc $(BUILD)/patchrun
	@if [ "$(BUILD)" = build ]; then ln -f $^ bin/; fi

$(BUILD)/patchc: $(ALL_OBJECTS) $(patsubst bin/%.c,$(BUILD)/bin/%.o,$(wildcard bin/patchc*.c))
	$(CC) $(FLAGS) -o $@ $^ $(LIBS)

$(BUILD)/patchrun: $(ALL_OBJECTS) $(patsubst bin/%.c,$(BUILD)/bin/%.o,$(wildcard bin/patchrun*.c))
	$(CC) $(FLAGS) -o $@ $^ $(LIBS)

$(BUILD)/vm/engine_%.o: vm/engine.c
	@mkdir -p $(@D)
	$(CC) $(FLAGS) $(ENGINE_OPT) -MMD -c -o $@ $< -DVM_LANES=$(word 1,$(subst _, ,$*)) \
	    -DVM_VEC=$(word 2,$(subst _, ,$*)) $(ISA_$(word 3,$(subst _, ,$*))) \
	    -DVM_ENGINE=vm_engine_$(word 1,$(subst _, ,$*))_$(word 3,$(subst _, ,$*))

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(FLAGS) -MMD -c -o $@ $<

-include $(ALL_OBJECTS:.o=.d) $(wildcard $(BUILD)/bin/*.d)
