/* patchrun - plays patches and scores into sound files. See patchrun(1). */
#include "bin/patchrun_common.h"
#include "vm/float_unit.h"
#include <fenv.h>
#include <signal.h>

static void die_of(int number)
{
    signal(number, SIG_DFL);
    raise(number);
}

static int play(const struct options *options, struct input_file *input)
{
    if (input->kind == INPUT_BATCH)
        return play_batch(options, input);
    bool score = input->kind == INPUT_SCORE || input->kind == INPUT_MIDI;
    return score ? play_score(options, input) : play_patch(options, input);
}

static int run(struct options *options)
{
    struct input_file input;
    int status = input_file_open(&input, options->input);
    if (status == 0)
        status = options_check(options, input.kind);
    if (status == 0)
        status = play(options, &input);
    input_file_close(&input);
    return status;
}

int main(int argc, char **argv)
{
    struct options options;
    vm_float_begin(); /* a library may have set it while it was loaded */
    fesetround(FE_TONEAREST);
    int status = options_read(&options, argc, argv);
    if (status == 0) {
        catch_signals();
        status = run(&options);
    } else if (status == 1) {
        status = flush_output(stdout);
    }
    options_free(&options);
    if (atomic_load(&stop_signal))
        die_of(atomic_load(&stop_signal));
    return status;
}
