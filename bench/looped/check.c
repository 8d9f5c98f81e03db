/* check FILE... - whether WAV files hold the same work: compares each with a double-precision
 * rendering of it. Reads s0.wav .. s15.wav in the current folder. Prints the ratio of RMS per
 * channel and the SNR. Exit 0: as long as wanted, RMS within 1 %, SNR above 60 dB; else 1; 2:
 * trouble. */
#include "../wav.h"
#include "voices.h"
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>

static double mix[FRAMES][2];

static int16_t *load(const char *name, int channels, sf_count_t frames)
{
    SF_INFO info = {0};
    SNDFILE *file = sf_open(name, SFM_READ, &info);
    if (!file || info.channels != channels || info.frames != frames ||
        info.format != (SF_FORMAT_WAV | SF_FORMAT_PCM_16)) {
        fprintf(stderr, "%s: not a WAV file of %d channels of %ld frames of 16 bits\n", name,
                channels, (long)frames);
        exit(file ? 1 : 2);
    }
    int16_t *samples = malloc((size_t)frames * (size_t)channels * sizeof *samples);
    if (!samples || sf_readf_short(file, samples, frames) != frames)
        exit(2);
    sf_close(file);
    return samples;
}

static void add_voice(int index)
{
    const struct voice *voice = &looped_voices[index];
    uint64_t position = 0, step = looped_step(voice), end = (uint64_t)voice->length << 32;
    double left = looped_gain(voice, 0), right = looped_gain(voice, 1);
    char name[16];
    snprintf(name, sizeof name, "s%d.wav", index);
    int16_t *x = load(name, 1, voice->length);
    for (int i = 0; i < FRAMES; i++) {
        uint32_t at = (uint32_t)(position >> 32), next = at + 1;
        double a = x[at], b = x[next == (uint32_t)voice->length ? 0 : next];
        double y = a + (b - a) * ((uint32_t)position / 4294967296.0);
        mix[i][0] += y * left;
        mix[i][1] += y * right;
        position += step;
        if (position >= end)
            position -= end;
    }
    free(x);
}

static double within(double x)
{
    return x > 32767 ? 32767 : x < -32768 ? -32768 : x;
}

static int compare(const char *name)
{
    int16_t *got = load(name, 2, FRAMES);
    double signal = 0, error = 0, ratio[2];
    for (int c = 0; c < 2; c++) {
        double wanted_power = 0, power = 0;
        for (int i = 0; i < FRAMES; i++) {
            double wanted = within(mix[i][c]), is = got[2 * i + c];
            wanted_power += wanted * wanted;
            power += is * is;
            error += (is - wanted) * (is - wanted);
        }
        ratio[c] = sqrt(power / wanted_power);
        signal += wanted_power;
    }
    free(got);
    double snr = 10 * log10(signal / error);
    int good = fabs(ratio[0] - 1) < 0.01 && fabs(ratio[1] - 1) < 0.01 && snr > 60;
    printf("%-24s RMS %.5f %.5f of the reference, SNR %.1f dB%s\n", name, ratio[0], ratio[1], snr,
           good ? "" : ": NOT THE SAME WORK");
    return good;
}

int main(int argc, char **argv)
{
    int good = 1;
    for (int i = 0; i < VOICES; i++)
        add_voice(i);
    for (int i = 1; i < argc; i++)
        good &= compare(argv[i]);
    return good ? 0 : 1;
}
