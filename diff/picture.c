#include "diff/picture.h"
#include "diff/report.h"
#include "render/out_file.h"
#include <cairo/cairo.h>
#include <fftw3.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The layout: three rows, waveforms on the left, spectrograms on the right. */
enum {
    TOP = 64,
    ROW = 296,
    TALL = 232, /* of a plot */
    LEFT = 70,
    WIDE = 560,
    RIGHT = 730,
    KEY = 1310, /* the scale of colours */
    SIZE = 1024,
    BINS = SIZE / 2 + 1
};

static const double deepest = -120.0; /* dB that is black */

enum row { ROW_A, ROW_B, ROW_DIFFERENCE, ROWS };

/* One column of the plots, of one row. */
struct column {
    double low, high;
    double power[BINS];
};

struct picture {
    struct comparison *c;
    uint64_t frames;
    struct column *columns[ROWS]; /* WIDE each */
    double peak[ROWS];            /* what the waveform is scaled to */
    double *piece_a, *piece_b, *in;
    fftw_complex *out;
    fftw_plan plan;
    cairo_t *to;
    struct render_error *error;
};

/* ---- gathering ---- */

static uint64_t begin_of(const struct picture *p, int column)
{
    return (uint64_t)((double)p->frames * column / WIDE);
}

static void take_value(struct column *c, double x)
{
    c->low = x < c->low ? x : c->low;
    c->high = x > c->high ? x : c->high;
}

/* Frames from `at` on, with silence beyond the end. */
static int read_padded(struct sound *s, uint64_t at, double *to, size_t frames,
                       struct render_error *error)
{
    memset(to, 0, frames * s->channels * sizeof *to);
    if (at >= s->frames)
        return 0;
    if (sound_seek(s, at, error) != RENDER_OK)
        return -1;
    for (size_t done = 0, n; done < frames; done += n) {
        n = sound_read(s, to + done * s->channels, frames - done, error);
        if (n == 0)
            break;
    }
    return error->status == RENDER_OK ? 0 : -1;
}

static double finite_part(double x)
{
    return x - x == 0.0 ? x : 0.0;
}

static int waveform_column(struct picture *p, int column)
{
    uint64_t at = begin_of(p, column), end = begin_of(p, column + 1);
    unsigned channels = p->c->sound_a.channels;
    end = end > at ? end : at + 1;
    for (size_t n; at < end; at += n) {
        n = end - at < SOUND_PIECE ? (size_t)(end - at) : SOUND_PIECE;
        if (read_padded(&p->c->sound_a, at, p->piece_a, n, p->error) ||
            read_padded(&p->c->sound_b, at, p->piece_b, n, p->error) ||
            work_go_on(p->error) != RENDER_OK)
            return -1;
        for (size_t i = 0; i < n * channels; i++) {
            double a = finite_part(p->piece_a[i]), b = finite_part(p->piece_b[i]);
            take_value(&p->columns[ROW_A][column], a);
            take_value(&p->columns[ROW_B][column], b);
            take_value(&p->columns[ROW_DIFFERENCE][column], b - a);
        }
    }
    return 0;
}

static void spectrum_of_mix(struct picture *p, struct column *c, enum row row)
{
    unsigned channels = p->c->sound_a.channels;
    for (unsigned k = 0; k < channels; k++) {
        for (size_t i = 0; i < SIZE; i++) {
            double sine = sin(3.14159265358979323846 * ((double)i + 0.5) / SIZE);
            double a = finite_part(p->piece_a[i * channels + k]);
            double b = finite_part(p->piece_b[i * channels + k]);
            double x = row == ROW_A ? a : row == ROW_B ? b : b - a;
            p->in[i] = x * sine * sine;
        }
        fftw_execute(p->plan);
        for (size_t i = 0; i < BINS; i++)
            c->power[i] += (p->out[i][0] * p->out[i][0] + p->out[i][1] * p->out[i][1]) / channels;
    }
}

/* A full-scale sine is 0 dB. */
static int spectrogram_column(struct picture *p, int column)
{
    uint64_t middle = (begin_of(p, column) + begin_of(p, column + 1)) / 2;
    uint64_t at = middle > SIZE / 2 ? middle - SIZE / 2 : 0;
    if (read_padded(&p->c->sound_a, at, p->piece_a, SIZE, p->error) ||
        read_padded(&p->c->sound_b, at, p->piece_b, SIZE, p->error))
        return -1;
    for (int row = 0; row < ROWS; row++)
        spectrum_of_mix(p, &p->columns[row][column], (enum row)row);
    return 0;
}

static int gather(struct picture *p)
{
    for (int i = 0; i < WIDE; i++)
        if (waveform_column(p, i) || spectrogram_column(p, i))
            return -1;
    for (int row = 0; row < ROWS; row++) {
        for (int i = 0; i < WIDE; i++) {
            const struct column *c = &p->columns[row][i];
            double peak = c->high > -c->low ? c->high : -c->low;
            p->peak[row] = peak > p->peak[row] ? peak : p->peak[row];
        }
    }
    double both = p->peak[ROW_A] > p->peak[ROW_B] ? p->peak[ROW_A] : p->peak[ROW_B];
    p->peak[ROW_A] = p->peak[ROW_B] = both; /* one scale, so that a gain shows */
    return 0;
}

/* ---- drawing ---- */

static void text(struct picture *p, double x, double y, double size, const char *words)
{
    cairo_set_font_size(p->to, size);
    cairo_move_to(p->to, x, y);
    cairo_show_text(p->to, words);
}

static void text_ending(struct picture *p, double x, double y, const char *words)
{
    cairo_text_extents_t extents;
    cairo_set_font_size(p->to, 12);
    cairo_text_extents(p->to, words, &extents);
    cairo_move_to(p->to, x - extents.x_advance, y);
    cairo_show_text(p->to, words);
}

static void ink(struct picture *p, double grey)
{
    cairo_set_source_rgb(p->to, grey, grey, grey);
}

/* 1, 2 or 5 times a power of ten: some eight steps to the whole. */
static double tidy_step(double whole)
{
    double power = pow(10.0, floor(log10(whole / 8.0)));
    double rest = whole / 8.0 / power;
    return power * (rest < 1.5 ? 1.0 : rest < 3.5 ? 2.0 : rest < 7.5 ? 5.0 : 10.0);
}

static void time_axis(struct picture *p, double left, double bottom)
{
    double rate = p->c->verdict.rate, from = (double)p->c->a->from / rate;
    double seconds = (double)p->frames / rate, step = tidy_step(seconds);
    char words[40];
    ink(p, 0.35);
    for (double at = ceil(from / step) * step; at <= from + seconds * 1.0001; at += step) {
        double x = left + (at - from) / seconds * WIDE;
        cairo_rectangle(p->to, x, bottom, 1, 5);
        cairo_fill(p->to);
        snprintf(words, sizeof words, "%.6g s", fabs(at) < step / 2 ? 0.0 : at);
        text(p, x + 3, bottom + 16, 12, words);
    }
}

static const double row_colour[ROWS][3] = {
    {0.10, 0.35, 0.65}, {0.10, 0.50, 0.25}, {0.75, 0.15, 0.1}};

static void first_difference(struct picture *p, double left, double top)
{
    const struct compared *f = &p->c->verdict.compared;
    if (f->differing == 0)
        return;
    double x = left + (double)f->first / (double)p->frames * WIDE;
    cairo_set_source_rgba(p->to, 0.9, 0.1, 0.1, 0.8);
    cairo_rectangle(p->to, x, top, 1, TALL);
    cairo_fill(p->to);
}

static void waveform(struct picture *p, enum row row, double top)
{
    double peak = p->peak[row] > 0.0 ? p->peak[row] : 1.0, middle = top + TALL / 2.0;
    char words[60], level[24];
    ink(p, 0.96);
    cairo_rectangle(p->to, LEFT, top, WIDE, TALL);
    cairo_fill(p->to);
    ink(p, 0.8);
    cairo_rectangle(p->to, LEFT, middle, WIDE, 1);
    cairo_fill(p->to);
    cairo_set_source_rgb(p->to, row_colour[row][0], row_colour[row][1], row_colour[row][2]);
    for (int i = 0; i < WIDE; i++) {
        const struct column *c = &p->columns[row][i];
        double high = middle - c->high / peak * (TALL / 2.0 - 2);
        double low = middle - c->low / peak * (TALL / 2.0 - 2);
        cairo_rectangle(p->to, LEFT + i, high - 0.5, 1, low - high + 1.0);
    }
    cairo_fill(p->to);
    first_difference(p, LEFT, top);
    ink(p, 0.35);
    snprintf(words, sizeof words, "%.4g", p->peak[row]);
    text_ending(p, LEFT - 5, top + 10, p->peak[row] > 0.0 ? words : "");
    text_ending(p, LEFT - 5, top + 24, p->peak[row] > 0.0 ? report_db(level, p->peak[row]) : "");
    text_ending(p, LEFT - 5, middle + 4, "0");
    time_axis(p, LEFT, top + TALL);
}

/* Black, blue, red, yellow, white. */
static uint32_t colour(double part)
{
    static const double stops[5][3] = {
        {0, 0, 0.02}, {0.15, 0.1, 0.5}, {0.8, 0.15, 0.25}, {1, 0.8, 0.2}, {1, 1, 0.95}};
    double place = part <= 0.0 ? 0.0 : part >= 1.0 ? 3.9999 : part * 4.0;
    int stop = (int)place;
    uint32_t rgb = 0;
    for (int i = 0; i < 3; i++) {
        double x = stops[stop][i] + (stops[stop + 1][i] - stops[stop][i]) * (place - stop);
        rgb = rgb << 8 | (uint32_t)(x * 255.0 + 0.5);
    }
    return rgb;
}

static double decibels(double power)
{
    double scale = SIZE / 4.0; /* of a sine under the window */
    return power > 0.0 ? 10.0 * log10(power / (scale * scale)) : -400.0;
}

static void paint_spectrogram(struct picture *p, enum row row, double top)
{
    cairo_surface_t *image = cairo_image_surface_create(CAIRO_FORMAT_RGB24, WIDE, TALL);
    unsigned char *pixels = cairo_image_surface_get_data(image);
    int stride = cairo_image_surface_get_stride(image);
    for (int y = 0; pixels && y < TALL; y++) {
        size_t low = (size_t)(TALL - 1 - y) * (BINS - 1) / TALL;
        size_t high = (size_t)(TALL - y) * (BINS - 1) / TALL;
        for (int x = 0; x < WIDE; x++) {
            double most = 0.0;
            for (size_t i = low; i < high || i == low; i++)
                most = fmax(most, p->columns[row][x].power[i]);
            uint32_t rgb = colour(1.0 - decibels(most) / deepest);
            memcpy(pixels + y * stride + 4 * x, &rgb, sizeof rgb);
        }
    }
    cairo_surface_mark_dirty(image);
    cairo_set_source_surface(p->to, image, RIGHT, top);
    cairo_paint(p->to);
    cairo_surface_destroy(image);
}

static void spectrogram(struct picture *p, enum row row, double top)
{
    double nyquist = p->c->verdict.rate / 2000.0, step = tidy_step(nyquist * 1.6);
    char words[40];
    paint_spectrogram(p, row, top);
    first_difference(p, RIGHT, top);
    ink(p, 0.35);
    for (double khz = 0.0; khz <= nyquist; khz += step) {
        snprintf(words, sizeof words, "%g kHz", khz);
        text_ending(p, RIGHT - 5, top + TALL - khz / nyquist * TALL + (khz > 0.0 ? 4 : 0), words);
    }
    time_axis(p, RIGHT, top + TALL);
}

static void colour_key(struct picture *p)
{
    char words[24];
    for (int y = 0; y < TALL; y++) {
        uint32_t rgb = colour(1.0 - (double)y / TALL);
        cairo_set_source_rgb(p->to, (rgb >> 16) / 255.0, (rgb >> 8 & 255) / 255.0,
                             (rgb & 255) / 255.0);
        cairo_rectangle(p->to, KEY, TOP + y, 16, 1);
        cairo_fill(p->to);
    }
    ink(p, 0.35);
    for (int db = 0; db >= (int)deepest; db -= 20) {
        snprintf(words, sizeof words, "%d dB", db);
        text(p, KEY + 21, TOP + TALL * (db / deepest) + 4, 12, words);
    }
}

static void title(struct picture *p, enum row row, double top)
{
    static const char *const labels[] = {"A", "B", "B - A"};
    const struct side *side = row == ROW_A ? p->c->a : p->c->b;
    char words[160];
    size_t length = strlen(side->name);
    snprintf(words, sizeof words, "%s%s%s", labels[row], row == ROW_DIFFERENCE ? "" : ": ",
             row == ROW_DIFFERENCE ? "" : side->name + (length > 80 ? length - 80 : 0));
    cairo_set_source_rgb(p->to, row_colour[row][0], row_colour[row][1], row_colour[row][2]);
    text(p, LEFT, top - 8, 14, words);
}

static void draw(struct picture *p, const char *verdict)
{
    ink(p, 1.0);
    cairo_paint(p->to);
    /* cairo's own face: the picture needs no fonts, and is the same where others are installed */
    cairo_select_font_face(p->to, "@cairo:sans", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    ink(p, 0.0);
    text(p, LEFT, 26, 18, verdict);
    for (int row = 0; row < ROWS; row++) {
        double top = TOP + row * (double)ROW;
        title(p, (enum row)row, top);
        waveform(p, (enum row)row, top);
        spectrogram(p, (enum row)row, top);
    }
    colour_key(p);
}

/* ---- the file ---- */

struct png {
    struct out_file file;
    struct render_error *error;
};

static cairo_status_t write_some(void *context, const unsigned char *bytes, unsigned size)
{
    struct png *png = context;
    return out_write(&png->file, bytes, size, png->error) == RENDER_OK ? CAIRO_STATUS_SUCCESS
                                                                       : CAIRO_STATUS_WRITE_ERROR;
}

static enum render_status save(cairo_surface_t *surface, const char *path,
                               struct render_error *error)
{
    struct png png = {.error = error};
    enum render_status status = out_create(&png.file, path, 2, error);
    error->status = status;
    if (status == RENDER_OK) {
        cairo_status_t drawn = cairo_surface_write_to_png_stream(surface, write_some, &png);
        if (drawn != CAIRO_STATUS_SUCCESS && error->status == RENDER_OK)
            render_fail(error, RENDER_TROUBLE, "%s: cannot draw: %s", path,
                        cairo_status_to_string(drawn));
        status = error->status;
    }
    if (status == RENDER_OK)
        status = out_close(&png.file, error);
    if (status == RENDER_OK)
        status = work_go_on(error);
    if (status == RENDER_OK)
        status = out_commit(&png.file, error);
    out_discard(&png.file);
    return status;
}

static enum render_status open_picture(struct picture *p)
{
    const struct comparison *c = p->c;
    size_t room = (size_t)SOUND_PIECE * c->sound_a.channels;
    bool ready = true;
    for (int row = 0; row < ROWS; row++)
        ready &= (p->columns[row] = calloc(WIDE, sizeof *p->columns[row])) != NULL;
    p->piece_a = calloc(room, sizeof *p->piece_a);
    p->piece_b = calloc(room, sizeof *p->piece_b);
    p->in = fftw_alloc_real(SIZE);
    p->out = fftw_alloc_complex(BINS);
    if (!ready || !p->piece_a || !p->piece_b || !p->in || !p->out)
        return work_no_memory(p->error);
    p->plan = fftw_plan_dft_r2c_1d(SIZE, p->in, p->out, FFTW_ESTIMATE);
    p->frames = c->sound_a.frames > c->sound_b.frames ? c->sound_a.frames : c->sound_b.frames;
    p->frames = p->frames ? p->frames : 1;
    return RENDER_OK;
}

static void close_picture(struct picture *p)
{
    for (int row = 0; row < ROWS; row++)
        free(p->columns[row]);
    free(p->piece_a);
    free(p->piece_b);
    fftw_free(p->in);
    fftw_free(p->out);
    if (p->plan)
        fftw_destroy_plan(p->plan);
}

enum render_status picture_write(struct comparison *c, const char *path, struct render_error *error)
{
    struct picture p = {.c = c, .error = error};
    struct work w = {.serial = 0};
    if (!c->has_sounds || c->verdict.kind == DIFF_SHAPE) {
        render_fail(error, RENDER_TROUBLE, "--picture: %s",
                    c->has_sounds ? "of sounds of one rate and as many channels only"
                                  : "there are no two sounds to draw");
        return RENDER_TROUBLE;
    }
    arena_init(&w.arena);
    error->status = RENDER_OK;
    enum render_status status = open_picture(&p);
    if (status == RENDER_OK && gather(&p))
        status = error->status;
    char *verdict = report_verdict(&w, c);
    if (status == RENDER_OK && verdict) {
        cairo_surface_t *surface =
            cairo_image_surface_create(CAIRO_FORMAT_RGB24, PICTURE_WIDTH, PICTURE_HEIGHT);
        p.to = cairo_create(surface);
        draw(&p, verdict);
        status = save(surface, path, error);
        cairo_destroy(p.to);
        cairo_surface_destroy(surface);
    }
    close_picture(&p);
    arena_free(&w.arena);
    return status;
}
