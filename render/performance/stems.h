/* stems.h - one float file for each voice and bus that goes to the mix, whose sum is the mix:
 * docs/mixer.md, section 10. Private to render/performance/. */
#ifndef RENDER_PERFORMANCE_STEMS_H
#define RENDER_PERFORMANCE_STEMS_H

#include "render/mixer/mixer.h"
#include "render/score/score.h"
#include "render/writer.h"

struct stem {
    char *path;
    struct audio_file file;
    struct writer writer;
    bool begun;
};

struct stems {
    const struct score *score;
    const char *directory;
    bool made; /* the directory is ours */
    struct writer_plan plan;
    struct stem *list; /* voices, then buses */
    size_t count;
    uint64_t fed;
};

/* Makes the directory when it is not there. `held` as in writer.h. */
enum render_status stems_begin(struct stems *, const struct score *, const char *directory,
                               uint64_t frames, uint64_t held, struct render_error *);
/* Frames begin .. end of the tick. */
enum render_status stems_feed(struct stems *, const struct mix_output *, unsigned begin,
                              unsigned end, uint64_t settled, struct render_error *);
enum render_status stems_end(struct stems *, uint64_t frames, struct render_error *);
enum render_status stems_commit(struct stems *, struct render_error *);
void stems_discard(struct stems *);

#endif
