/* faust_interp FILE.dsp FRAMES CHANNELS OUT.wav [OPTION...] - compiles Faust's text to the bytecode of its
 * interpreter, runs that, writes 16 bits. */
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <unistd.h>
#include <vector>

#include <faust/dsp/interpreter-dsp.h>

#include "wav.h"

enum { BLOCK = 1024 };

static void trouble(const char *what)
{
    perror(what);
    exit(2);
}

int main(int argc, char **argv)
{
    if (argc < 5)
        return 2;
    const int frames = atoi(argv[2]), channels = atoi(argv[3]);
    std::string error;
    auto factory = createInterpreterDSPFactoryFromFile(argv[1], argc - 5, const_cast<const char **>(argv + 5), error);
    if (!factory) {
        fprintf(stderr, "%s\n", error.c_str());
        return 1;
    }
    dsp *program = factory->createDSPInstance();
    program->init(48000);
    unsigned char header[WAV_HEADER];
    int file = open(argv[4], O_WRONLY | O_CREAT | O_TRUNC, 0666);
    wav_header(header, static_cast<unsigned>(channels), 48000, static_cast<uint32_t>(frames), 0);
    if (file < 0 || write(file, header, sizeof header) != static_cast<ssize_t>(sizeof header))
        trouble(argv[4]);
    std::vector<float> left(BLOCK), right(BLOCK);
    std::vector<int16_t> out(BLOCK * 2);
    float *outputs[] = {left.data(), right.data()};
    for (int done = 0; done < frames; done += BLOCK) {
        int n = frames - done < BLOCK ? frames - done : BLOCK;
        program->compute(n, nullptr, outputs);
        for (int i = 0; i < n; i++) {
            for (int c = 0; c < channels; c++)
                out[static_cast<size_t>(i * channels + c)] = static_cast<int16_t>(
                    lrintf(std::min(std::max(outputs[c][i] * 32768.0f, -32768.0f), 32767.0f)));
        }
        if (write(file, out.data(), static_cast<size_t>(n * channels * 2)) != n * channels * 2)
            trouble(argv[4]);
    }
    return close(file) == 0 ? 0 : 2;
}
