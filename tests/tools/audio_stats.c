/* audio_stats - what a golden must be: prints hash, channels, frames, peak, mean power, the count
 * of clipped samples, and the number of distinct sample values of an audio file.
 *
 *   audio_stats FILE
 *   hash=... channels=1 frames=24000 peak=0.81 power=0.012 clipped=0 values=12345
 *
 * The hash is XXH3-128 of the samples as 16-bit little-endian integers, interleaved: what
 * patchrun --hash prints. Exit status 0, or 2 when the file cannot be read. */
#include <sndfile.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

enum { BLOCK = 4096 };

struct stats {
    double sum;
    uint64_t samples, clipped, values;
    int peak;
    unsigned char seen[65536];
};

static void take(struct stats *s, const short *samples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int x = samples[i], size = x < 0 ? -x : x;
        s->sum += (double)x * x;
        s->peak = size > s->peak ? size : s->peak;
        s->clipped += x == 32767 || x == -32768;
        s->values += !s->seen[x + 32768];
        s->seen[x + 32768] = 1;
    }
    s->samples += count;
}

static void hash_block(XXH3_state_t *hash, const short *samples, size_t count)
{
    unsigned char le[2 * BLOCK];
    for (size_t i = 0; i < count; i++) {
        le[2 * i] = (unsigned char)((unsigned)samples[i] & 0xff);
        le[2 * i + 1] = (unsigned char)((unsigned)samples[i] >> 8 & 0xff);
    }
    XXH3_128bits_update(hash, le, 2 * count);
}

int main(int argc, char **argv)
{
    static struct stats s;
    SF_INFO info = {0};
    short block[BLOCK];
    if (argc != 2) {
        fputs("usage: audio_stats FILE\n", stderr);
        return 2;
    }
    SNDFILE *file = sf_open(argv[1], SFM_READ, &info);
    XXH3_state_t *hash = XXH3_createState();
    if (!file || !hash) {
        fprintf(stderr, "audio_stats: %s: cannot read\n", argv[1]);
        return 2;
    }
    XXH3_128bits_reset(hash);
    for (sf_count_t n; (n = sf_read_short(file, block, BLOCK)) > 0;) {
        take(&s, block, (size_t)n);
        hash_block(hash, block, (size_t)n);
    }
    XXH128_hash_t h = XXH3_128bits_digest(hash);
    double mean = s.samples ? s.sum / (double)s.samples : 0.0;
    printf("hash=%016llx%016llx channels=%d frames=%lld peak=%.4f power=%.3g clipped=%llu "
           "values=%llu\n",
           (unsigned long long)h.high64, (unsigned long long)h.low64, info.channels,
           (long long)info.frames, s.peak / 32768.0, mean / (32768.0 * 32768.0),
           (unsigned long long)s.clipped, (unsigned long long)s.values);
    XXH3_freeState(hash);
    return sf_close(file) ? 2 : 0;
}
