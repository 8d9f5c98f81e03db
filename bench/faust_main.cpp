/* faust_main OUT.wav - the program around Faust's class, included as PROGRAM: renders FRAMES frames of
 * CHANNELS channels in blocks of BLOCK and writes 16 bits. What is not Faust's is done as fast as we
 * know how.
 * With EFFECTS: see the row of the effects. */
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <immintrin.h>
#include <map>
#include <string>
#include <unistd.h>

#include <faust/dsp/dsp.h>
#include <faust/gui/UI.h>
#include <faust/gui/meta.h>

#include PROGRAM

#include "wav.h"

enum { BLOCKS_A_WRITE = 65536 / BLOCK };

static float blocks[2][BLOCK];
static int16_t out[BLOCKS_A_WRITE * BLOCK * CHANNELS + 16];

static void trouble(const char *what)
{
    perror(what);
    exit(2);
}

static void convert(int16_t *to)
{
    const __m256 scale = _mm256_set1_ps(32768.0f);
    for (int i = 0; i < BLOCK; i += 8) {
        __m256i l = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(blocks[0] + i), scale));
#if CHANNELS == 2
        __m256i r = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(blocks[1] + i), scale));
        __m256i both = _mm256_packs_epi32(_mm256_unpacklo_epi32(l, r), _mm256_unpackhi_epi32(l, r));
        _mm256_storeu_si256(reinterpret_cast<__m256i *>(to + 2 * i), both);
#else
        __m128i half = _mm_packs_epi32(_mm256_castsi256_si128(l), _mm256_extracti128_si256(l, 1));
        _mm_storeu_si128(reinterpret_cast<__m128i *>(to + i), half);
#endif
    }
}

static void render(mydsp *program, const char *name)
{
    float *outputs[] = {blocks[0], blocks[1]};
    unsigned char header[WAV_HEADER];
    int file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    wav_header(header, CHANNELS, 48000, FRAMES, 0);
    if (file < 0 || write(file, header, sizeof header) != static_cast<ssize_t>(sizeof header))
        trouble(name);
    for (int done = 0; done < FRAMES;) {
        int n = 0;
        for (; n < BLOCKS_A_WRITE * BLOCK && done + n < FRAMES; n += BLOCK) {
            program->compute(BLOCK, nullptr, outputs);
            convert(out + CHANNELS * n);
        }
        n = n < FRAMES - done ? n : FRAMES - done;
        ssize_t bytes = static_cast<ssize_t>(n) * CHANNELS * 2;
        if (write(file, out, static_cast<size_t>(bytes)) != bytes)
            trouble(name);
        done += n;
    }
    if (close(file) != 0)
        trouble(name);
}

#if EFFECTS
/* Names of the program's inputs, each a place for its value. */
struct Inputs : UI {
    std::map<std::string, float *> zones;
    void openTabBox(const char *) override {}
    void openHorizontalBox(const char *) override {}
    void openVerticalBox(const char *) override {}
    void closeBox() override {}
    void addButton(const char *, float *) override {}
    void addCheckButton(const char *, float *) override {}
    void addVerticalSlider(const char *, float *, float, float, float, float) override {}
    void addHorizontalSlider(const char *, float *, float, float, float, float) override {}
    void addNumEntry(const char *name, float *zone, float, float, float, float) override
    {
        zones[name] = zone;
    }
    void addHorizontalBargraph(const char *, float *, float, float) override {}
    void addVerticalBargraph(const char *, float *, float, float) override {}
    void addSoundfile(const char *, const char *, Soundfile **) override {}
};

/* faust_main FILE: a line of it is a sound: the name of its WAV file, then NAME VALUE for each input. */
int main(int argc, char **argv)
{
    char line[1024];
    FILE *list = argc == 2 ? fopen(argv[1], "r") : nullptr;
    if (!list)
        return 2;
    mydsp *program = new mydsp;
    Inputs inputs;
    program->init(48000);
    program->buildUserInterface(&inputs);
    while (fgets(line, sizeof line, list)) {
        char *name = strtok(line, " \n");
        program->instanceClear();
        for (char *w; (w = strtok(nullptr, " \n"));)
            *inputs.zones.at(w) = strtof(strtok(nullptr, " \n"), nullptr);
        render(program, name);
    }
}
#else
int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    mydsp *program = new mydsp;
    program->init(48000);
    render(program, argv[1]);
}
#endif
