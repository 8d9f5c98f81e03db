/* faust_main OUT.wav - the program around Faust's class, which is included as PROGRAM: reads s0.wav
 * to s15.wav in the current folder, renders in blocks of BLOCK frames, writes through libsndfile.
 * What is not Faust's is done as fast as we know how. DOUBLE: the class was made with -double.
 * TABLES: it fills its tables through frames.h, else it loads soundfiles. */
#include "frames.h"
#include "voices.h"
#include <cstdio>
#include <cstdlib>
#include <immintrin.h>
#include <sndfile.h>
#include <string>

#include <faust/dsp/dsp.h>
#include <faust/gui/SoundUI.h>
#include <faust/gui/UI.h>
#include <faust/gui/meta.h>

#include PROGRAM

enum { BLOCKS_A_WRITE = 8192 / BLOCK };

float *looped_frames[VOICES];

static void trouble(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, sf_strerror(nullptr));
    exit(2);
}

[[maybe_unused]] static void load(int index)
{
    const int length = looped_voices[index].length;
    std::string name = "s" + std::to_string(index) + ".wav";
    SF_INFO info = {};
    SNDFILE *file = sf_open(name.c_str(), SFM_READ, &info);
    float *frames = new float[length + 1];
    if (!file || sf_readf_float(file, frames, length) != length)
        trouble(name.c_str());
    frames[length] = frames[0];
    looped_frames[index] = frames;
    sf_close(file);
}

#if DOUBLE
typedef double REAL;
#else
typedef float REAL;
#endif

/* The soundfiles of the program, with the first frame once more after the last. */
struct Loader : SoundUI {
    Loader() : SoundUI(".", -1, nullptr, DOUBLE)
    {
    }
    void addSoundfile(const char *label, const char *url, Soundfile **zone) override
    {
        SoundUI::addSoundfile(label, url, zone);
        if (*zone == defaultsound)
            trouble(url);
        REAL *frames = static_cast<REAL **>((*zone)->fBuffers)[0];
        frames[(*zone)->fLength[0]++] = frames[0];
    }
};

/* A block in 16 bits. */
static void convert(const float *left, const float *right, int16_t *out)
{
    const __m256 scale = _mm256_set1_ps(32768.0f);
    for (int i = 0; i < BLOCK; i += 8) {
        __m256i l = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(left + i), scale));
        __m256i r = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(right + i), scale));
        __m256i both = _mm256_packs_epi32(_mm256_unpacklo_epi32(l, r), _mm256_unpackhi_epi32(l, r));
        _mm256_storeu_si256(reinterpret_cast<__m256i *>(out + 2 * i), both);
    }
}

static float blocks[2][BLOCK];
static int16_t out[BLOCKS_A_WRITE * BLOCK * 2];

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
#if TABLES
    for (int i = 0; i < VOICES; i++)
        load(i);
#endif
    mydsp *program = new mydsp;
    program->init(OUT_RATE);
    Loader loader;
    program->buildUserInterface(&loader);
    SF_INFO info = {};
    info.samplerate = OUT_RATE;
    info.channels = 2;
    info.format = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
    SNDFILE *file = sf_open(argv[1], SFM_WRITE, &info);
    if (!file)
        trouble(argv[1]);
    float *outputs[] = {blocks[0], blocks[1]};
    for (int done = 0; done < FRAMES;) {
        int n = 0;
        for (; n < BLOCKS_A_WRITE * BLOCK && done + n < FRAMES; n += BLOCK) {
            program->compute(BLOCK, nullptr, outputs);
            convert(blocks[0], blocks[1], out + 2 * n);
        }
        n = n < FRAMES - done ? n : FRAMES - done;
        if (sf_writef_short(file, out, n) != n)
            trouble(argv[1]);
        done += n;
    }
    return sf_close(file) == 0 ? 0 : 2;
}
