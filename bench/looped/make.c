/* make - writes what bench/looped.sh plays into the current folder: s0.wav .. s15.wav, the score
 * for patchrun, and the same numbers for Faust. Integers only: the same files everywhere. */
#include "../wav.h"
#include "voices.h"
#include <stdio.h>
#include <stdlib.h>

static void *trouble(const char *name)
{
    perror(name);
    exit(2);
}

static FILE *create(const char *name)
{
    FILE *file = fopen(name, "wb");
    return file ? file : trouble(name);
}

static void finish(FILE *file, const char *name)
{
    int bad = ferror(file);
    if (fclose(file) != 0 || bad)
        trouble(name);
}

/* Nearly a sine, -16384 .. 16384, of a phase in 2^-32 turns. */
static int parabola(uint32_t phase)
{
    int x = (int)(phase >> 16) - 32768; /* half a turn is 32768 */
    int y = (int)((int64_t)x * (32768 - abs(x)) >> 14);
    return -y;
}

/* Three partials that fit the loop, and some dull noise; 8,000 at most. */
static int16_t sample_frame(const struct voice *voice, int frame, uint32_t *noise, int *dull)
{
    uint32_t turns = (uint32_t)((int64_t)voice->hz * voice->length / SAMPLE_RATE);
    uint32_t phase = (uint32_t)((((uint64_t)frame * turns % (uint32_t)voice->length) << 32) /
                                (uint32_t)voice->length);
    uint32_t slow = (uint32_t)(((uint64_t)frame << 32) / (uint32_t)voice->length);
    int swell = 24576 + parabola(slow) / 2;
    int64_t tone = parabola(phase) * 4 + parabola(phase * 2) * 2 + parabola(phase * 5);
    *noise = *noise * 1664525u + 1013904223u;
    *dull += ((int)(*noise >> 16) - 32768 - *dull) / 8;
    return (int16_t)(tone * swell / 32768 * 7000 / 16384 / 7 + *dull / 32);
}

static void put32(FILE *file, uint32_t value)
{
    fwrite(&value, 4, 1, file);
}

/* One loop over the whole file. Its last frame is named, not the one after it. */
static void put_smpl(FILE *file, const struct voice *voice)
{
    fwrite("smpl", 4, 1, file);
    uint32_t fields[] = {60, 0, 0, 1000000000 / SAMPLE_RATE,    60, 0, 0, 0, 1, 0,
                         0,  0, 0, (uint32_t)voice->length - 1, 0,  0};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        put32(file, fields[i]);
}

static void make_sample(int index)
{
    const struct voice *voice = &looped_voices[index];
    char name[16];
    unsigned char header[WAV_HEADER];
    uint32_t noise = (uint32_t)index + 1;
    int dull = 0;
    snprintf(name, sizeof name, "s%d.wav", index);
    FILE *file = create(name);
    wav_header(header, 1, SAMPLE_RATE, (uint32_t)voice->length, 68);
    fwrite(header, sizeof header, 1, file);
    for (int i = 0; i < voice->length; i++) {
        int16_t frame = sample_frame(voice, i, &noise, &dull);
        fwrite(&frame, 2, 1, file);
    }
    put_smpl(file, voice);
    finish(file, name);
}

static void make_score(const char *name)
{
    FILE *file = create(name);
    fprintf(file, "; Made by bench/looped.sh.\n(score looped)\n(quantise off)\n(end %ds)\n",
            FRAMES / OUT_RATE);
    for (int i = 0; i < VOICES; i++)
        fprintf(file, "(sample s%d \"s%d.wav\" :loop on)\n", i, i);
    for (int i = 0; i < VOICES; i++) {
        const struct voice *voice = &looped_voices[i];
        fprintf(file, "(play s%d :pitch %.12f :volume %d :pan %d)\n", i, looped_pitch(voice),
                voice->volume, voice->pan);
    }
    finish(file, name);
}

/* The numbers as Faust's patterns: frames(3) is the length of sample 3. */
static void make_library(const char *name)
{
    FILE *file = create(name);
    for (int i = 0; i < VOICES; i++)
        fprintf(file, "frames(%d) = %d;\n", i, looped_voices[i].length);
    for (int i = 0; i < VOICES; i++)
        fprintf(file, "step20(%d) = %d;\n", i, looped_voices[i].step);
    for (int i = 0; i < VOICES; i++)
        fprintf(file, "left(%d) = %.17f;\n", i, looped_gain(&looped_voices[i], 0));
    for (int i = 0; i < VOICES; i++)
        fprintf(file, "right(%d) = %.17f;\n", i, looped_gain(&looped_voices[i], 1));
    finish(file, name);
}

int main(void)
{
    for (int i = 0; i < VOICES; i++)
        make_sample(i);
    make_score("looped.sx");
    make_library("voices.lib");
    return 0;
}
