/* engine.c - our virtual machine and mixer, driven through a pipe as README.md says. It links
 * vm/ and render/mixer/ and nothing else, so that a cross compiler alone can build it. */
#include "conformance/engine.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char usage_text[] =
    "usage: engine [options] < requests > replies\n"
    "\n"
    "  --lanes 1|4|8|16          voices side by side (1)\n"
    "  --isa best|base|avx2|avx512  (best)\n"
    "  --cut N                   frames computed at a time, at most\n"
    "  --threads N               threads of the mixer; a program is run in N at once (1)\n"
    "  --heavy[=N]               snapshot and restore each N frames (800), and render again\n"
    "                            from some of the snapshots\n"
    "  --host flush|upward|downward|zero\n"
    "                            call as a host would that has set its float unit so\n"
    "  --can WHAT                exit 0 if this machine has WHAT, an isa or what --host takes\n";

void *engine_take(size_t size)
{
    size = (size + 1 + RP_ALIGNMENT - 1) / RP_ALIGNMENT * RP_ALIGNMENT;
    void *memory = aligned_alloc(RP_ALIGNMENT, size);
    if (!memory) {
        fputs("engine: out of memory\n", stderr);
        exit(2);
    }
    return memory;
}

void engine_put_u32(uint8_t *to, uint32_t x)
{
    for (unsigned i = 0; i < 4; i++)
        to[i] = (uint8_t)(x >> 8 * i);
}

uint32_t engine_get_u32(const uint8_t *from)
{
    return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 |
           (uint32_t)from[3] << 24;
}

uint64_t engine_chance(uint64_t counter)
{
    uint64_t z = counter * UINT64_C(0x9e3779b97f4a7c15) + UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint64_t engine_hash(const char *text)
{
    uint64_t hash = 0;
    for (; *text; text++)
        hash = engine_chance(hash ^ (unsigned char)*text);
    return hash;
}

void engine_fail(struct reply *r, const char *format, ...)
{
    va_list args;
    if (r->failed)
        return;
    r->failed = true;
    va_start(args, format);
    vsnprintf(r->error, sizeof r->error, format, args);
    va_end(args);
    for (char *c = r->error; *c; c++)
        if (iscntrl((unsigned char)*c))
            *c = ' ';
}

/* ---- the pipe ---- */

static _Noreturn void stop(const char *why)
{
    printf("error %s\n", why);
    fflush(stdout);
    fprintf(stderr, "engine: %s\n", why);
    exit(2);
}

/* A line without its end. False at the end of the input. */
static bool read_line(char *line, size_t room)
{
    size_t n = 0;
    int c;
    while ((c = getchar()) != EOF && c != '\n') {
        if (n + 1 == room)
            stop("the request's line is too long");
        line[n++] = (char)c;
    }
    line[n] = '\0';
    if (c == EOF && n > 0)
        stop("the request ends within its line");
    return c != EOF;
}

/* The bytes, and a NUL after them that does not count. */
static uint8_t *read_bytes(size_t size)
{
    if (size > ENGINE_MOST)
        stop("a request is too large");
    uint8_t *bytes = engine_take(size + 1);
    if (size > 0 && fread(bytes, 1, size, stdin) != size)
        stop("the input ends within a request");
    bytes[size] = 0;
    return bytes;
}

static void write_reply(const struct reply *r)
{
    if (r->failed) {
        printf("error %s\n", r->error[0] ? r->error : "unknown");
    } else {
        if (r->log)
            printf("ok %zu %zu\n", r->size, r->log_size);
        else
            printf("ok %zu\n", r->size);
        fwrite(r->bytes, 1, r->size, stdout);
        if (r->log)
            fwrite(r->log, 1, r->log_size, stdout);
    }
    if (fflush(stdout) != 0)
        exit(2);
}

static void serve(const struct options *o, const char *line)
{
    struct request q = {.name = ""};
    struct reply reply = {0};
    uint8_t *program = NULL, *events = NULL, *input = NULL;
    bool vm =
        sscanf(line, "vm %255s %zu %zu %zu %" SCNu32 " %" SCNu64 " %" SCNu64, q.name,
               &q.program_size, &q.events_size, &q.input_size, &q.frames, &q.seed, &q.serial) == 7;
    bool mixer =
        !vm && sscanf(line, "mixer %255s %zu %" SCNu32, q.name, &q.events_size, &q.frames) == 3;
    if (!vm && !mixer)
        stop("this is no request");
    q.program = program = read_bytes(vm ? q.program_size : 0);
    q.events = events = read_bytes(q.events_size);
    q.input = input = read_bytes(vm ? q.input_size : 0);
    if (q.frames > ENGINE_MOST / 64)
        engine_fail(&reply, "too many frames");
    else if (vm)
        engine_vm(o, &q, &reply);
    else
        engine_mixer(o, &q, &reply);
    host_float_usual();
    write_reply(&reply);
    free(reply.bytes);
    free(reply.log);
    free(program);
    free(events);
    free(input);
}

/* ---- options ---- */

static int isa_of(const char *name)
{
    static const char *const names[] = {"best", "base", "avx2", "avx512"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return (int)i;
    return -1;
}

static _Noreturn void usage(const char *why)
{
    fprintf(stderr, "engine: %s\n%s", why, usage_text);
    exit(2);
}

static unsigned number_of(const char *text)
{
    char *end;
    unsigned long n = text ? strtoul(text, &end, 10) : 0;
    if (!text || *end || n < 1 || n > 1000000)
        usage("a number from 1 to 1000000 is wanted");
    return (unsigned)n;
}

static int can(const char *what)
{
    int isa = isa_of(what);
    if (isa >= 0)
        return rp_isa_available((enum rp_isa)isa) ? 0 : 1;
    int able = host_float(what);
    host_float_usual();
    return able ? 0 : 1;
}

static void read_options(struct options *o, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i], *next = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(word, "--help") == 0) {
            fputs(usage_text, stdout);
            exit(0);
        }
        if (strncmp(word, "--heavy", 7) == 0 && (word[7] == '=' || !word[7])) {
            o->heavy = word[7] ? number_of(word + 8) : ENGINE_TICK;
            continue;
        }
        if (!next)
            usage(word);
        i++;
        if (strcmp(word, "--lanes") == 0)
            o->lanes = number_of(next);
        else if (strcmp(word, "--threads") == 0)
            o->threads = number_of(next);
        else if (strcmp(word, "--cut") == 0)
            o->cut = number_of(next);
        else if (strcmp(word, "--host") == 0)
            o->host = next;
        else if (strcmp(word, "--can") == 0)
            exit(can(next));
        else if (strcmp(word, "--isa") == 0 && isa_of(next) >= 0)
            o->isa = (enum rp_isa)isa_of(next);
        else
            usage(word);
    }
    if (o->host && can(o->host))
        usage("this machine has no such host");
    if (!rp_isa_available(o->isa))
        usage("this CPU does not have it");
}

int main(int argc, char **argv)
{
    struct options o = {.lanes = 1, .threads = 1};
    char line[1024];
    read_options(&o, argc, argv);
    while (read_line(line, sizeof line))
        serve(&o, line);
    return 0;
}
