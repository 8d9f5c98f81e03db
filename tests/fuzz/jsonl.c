/* jsonl.c - scores as JSON lines, and the mixer playing them. */
#include "tests/fuzz/kit/kit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fz_score *score = fz_score_open(data, size, "fuzz.jsonl", 0);
    FZ_CHECK(fz_score_status(score) == 0 || fz_score_status(score) == 1);
    fz_score_play(score);
    fz_score_close(score);
    return 0;
}
