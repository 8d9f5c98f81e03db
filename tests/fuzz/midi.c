/* midi.c - Standard MIDI Files through a map, and the mixer playing them. */
#include "render/score/score.h"
#include "tests/fuzz/kit/kit.h"
#include <string.h>

static const char map[] = "(score) (sample kick \"kick.wav\") (bus room \"echo.sx\")\n"
                          "(sample ring \"loop.wav\" :bus room)\n"
                          "(patch lead \"lead.sx\")\n"
                          "(channel 1 lead) (channel 2 ring) (channel 3 kick)\n"
                          "(program 5 ring) (drum 36 kick) (drum 38 ring) (bend 12)\n"
                          "(cc 1 cutoff 200 4000) (cc 74 level)\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fz_score *score = fz_score_open((const uint8_t *)map, strlen(map), "map.sx", 1);
    FZ_CHECK(fz_score_status(score) == 0);
    FILE *file = fz_stream(data, size);
    int status = midi_read(fz_score_of(score), file, "fuzz.mid", fz_nowhere(), fz_nowhere());
    fclose(file);
    FZ_CHECK(status == 0 || status == 1);
    if (status == 0)
        fz_score_play(score);
    fz_score_close(score);
    return 0;
}
