#include "bin/patchrun_load.h"
#include "bin/patchrun_common.h"
#include "compiler/compile.h"
#include "render/batch/batch.h"
#include "render/score/score.h"
#include "render/sound_file.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_INPUT = 256 << 20, BYTECODE_FIRST = 0x89, PIECE = 1 << 16 };

int say_trouble(const char *name, const char *what, int number)
{
    if (number == EINTR && atomic_load(&stop_signal))
        return 2; /* main dies of it */
    fprintf(stderr, "patchrun: %s: cannot %s: %s\n", name, what, strerror(number));
    return 2;
}

int say_out_of_memory(void)
{
    fputs("patchrun: out of memory\n", stderr);
    return 2;
}

/* --- what it is --------------------------------------------------------------------------- */

/* NULL when it cannot be read or kept. */
static FILE *copy_pipe(FILE *from)
{
    static char bytes[PIECE];
    FILE *copy = tmpfile();
    size_t got;
    while (copy && (got = fread(bytes, 1, sizeof bytes, from)) > 0) {
        if (fwrite(bytes, 1, got, copy) != got)
            break;
    }
    if (copy && (ferror(from) || ferror(copy) || fflush(copy))) {
        int number = errno;
        fclose(copy);
        errno = number;
        return NULL;
    }
    if (copy)
        rewind(copy);
    return copy;
}

static int next_after_line(FILE *stream)
{
    int c;
    do
        c = getc(stream);
    while (c != '\n' && c != EOF);
    return c;
}

static int next_after_block(FILE *stream)
{
    int before = 0, c, depth = 1;
    while (depth > 0 && (c = getc(stream)) != EOF) {
        depth += before == '#' && c == '|';
        depth -= before == '|' && c == '#';
        before = (before == '#' && c == '|') || (before == '|' && c == '#') ? 0 : c;
    }
    return getc(stream);
}

/* The first character that is neither blank, comment nor byte order mark. */
static int first_character(FILE *stream)
{
    int c = getc(stream);
    if (c == 0xef && getc(stream) == 0xbb && getc(stream) == 0xbf)
        c = getc(stream);
    for (;;) {
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
            c = getc(stream);
        else if (c == ';')
            c = next_after_line(stream);
        else if (c == '#' && (c = getc(stream)) == '|')
            c = next_after_block(stream);
        else
            return c;
    }
}

/* A score begins with (score; with another of its forms by mistake, which its reader explains. A
 * score has a form (patch, too, but never first. */
static void read_word(FILE *stream, int c, char word[16])
{
    size_t length = 0;
    for (; ((c >= 'a' && c <= 'z') || c == '_') && length < 15; c = getc(stream))
        word[length++] = (char)c;
    word[length] = '\0';
}

static enum input_kind kind_of_word(FILE *stream, int c)
{
    char word[16];
    read_word(stream, c, word);
    if (strcmp(word, "patch") == 0)
        return INPUT_PATCH;
    if (batch_has_form(word))
        return INPUT_BATCH;
    return score_has_form(word) ? INPUT_SCORE : INPUT_UNKNOWN;
}

/* What is in lines of JSON is a score unless its first word says that it is a batch. */
static enum input_kind kind_of_array(FILE *stream)
{
    char word[16];
    if (first_character(stream) != '"')
        return INPUT_SCORE;
    read_word(stream, getc(stream), word);
    return batch_has_form(word) ? INPUT_BATCH : INPUT_SCORE;
}

static enum input_kind kind_of_text(FILE *stream)
{
    int c = first_character(stream);
    if (c == '[')
        return kind_of_array(stream);
    if (c == '{' || c == BYTECODE_FIRST)
        return INPUT_PATCH;
    return c == '(' ? kind_of_word(stream, first_character(stream)) : INPUT_UNKNOWN;
}

/* 0, or the errno of the stream, which is left at its begin. */
static int sniff(FILE *stream, enum input_kind *kind)
{
    char word[4] = "";
    bool midi = fread(word, 1, sizeof word, stream) == sizeof word && memcmp(word, "MThd", 4) == 0;
    if (ferror(stream) || fseeko(stream, 0, SEEK_SET))
        return errno;
    *kind = midi ? INPUT_MIDI : kind_of_text(stream);
    return ferror(stream) || fseeko(stream, 0, SEEK_SET) ? errno : 0;
}

int input_file_open(struct input_file *input, const char *path)
{
    bool standard = strcmp(path, "-") == 0;
    *input = (struct input_file){.path = path, .name = standard ? "standard input" : path};
    FILE *stream = standard ? stdin : fopen(path, "rb");
    if (!stream)
        return say_trouble(input->name, "open", errno);
    if (fseeko(stream, 0, SEEK_CUR) == 0) {
        input->stream = stream;
    } else {
        input->stream = copy_pipe(stream);
        int number = errno;
        if (!standard)
            fclose(stream);
        if (!input->stream)
            return say_trouble(input->name, "read", number);
    }
    int failed = sniff(input->stream, &input->kind);
    return failed ? say_trouble(input->name, "read", failed) : 0;
}

void input_file_close(struct input_file *input)
{
    if (input->stream && input->stream != stdin)
        fclose(input->stream);
    input->stream = NULL;
}

/* --- programs ----------------------------------------------------------------------------- */

static int say_shrank(const char *name)
{
    fprintf(stderr, "patchrun: %s: cannot read: %s\n", name, source_shrank_why);
    return 2;
}

static int read_stream(const char *name, FILE *stream, struct compile_result *code)
{
    size_t room = PIECE;
    code->size = 0;
    code->bytes = malloc(room);
    while (code->bytes) {
        code->size += fread(code->bytes + code->size, 1, room - code->size, stream);
        if (code->size < room && source_shrank(stream))
            return say_shrank(name);
        if (code->size < room)
            return ferror(stream) ? say_trouble(name, "read", errno) : 0;
        if (room >= MOST_INPUT)
            return say_trouble(name, "read", EFBIG);
        unsigned char *more = realloc(code->bytes, room *= 2);
        if (!more)
            break;
        code->bytes = more;
    }
    return say_out_of_memory();
}

static int read_code(const char *name, FILE *stream, FILE *diagnostics, struct compile_result *code)
{
    struct compile_options options = {.sounds = {sound_load, NULL}};
    struct compile_result text = {0};
    int status = read_stream(name, stream, code);
    if (status || (code->size && code->bytes[0] == BYTECODE_FIRST))
        return status;
    code->bytes[code->size] = 0;
    struct source source = {.name = name, .text = (const char *)code->bytes, .size = code->size};
    status = compile_text(&source, &options, diagnostics, &text);
    free(code->bytes);
    *code = text;
    return status;
}

static int load_code(const struct compile_result *code, struct loaded *loaded)
{
    struct rp_error error;
    if (rp_verify(code->bytes, code->size, &error) != RP_OK) {
        fprintf(stderr, "patchrun: %s: byte %" PRIu64 ": %s\n", loaded->name, error.offset,
                error.reason);
        return 1;
    }
    size_t size = rp_program_bytes(code->bytes, code->size);
    size = (size + RP_ALIGNMENT - 1) / RP_ALIGNMENT * RP_ALIGNMENT;
    loaded->memory = aligned_alloc(RP_ALIGNMENT, size);
    if (!loaded->memory)
        return say_out_of_memory();
    loaded->bytecode = code->size;
    loaded->program = rp_load(code->bytes, code->size, loaded->memory, size, &error);
    if (loaded->program)
        return 0;
    fprintf(stderr, "patchrun: %s: cannot load: %s\n", loaded->name, error.reason);
    return 2;
}

int load_stream(const char *name, FILE *stream, FILE *diagnostics, struct loaded *loaded)
{
    struct compile_result code = {NULL, 0};
    *loaded = (struct loaded){.name = name};
    int status = read_code(name, stream, diagnostics, &code);
    if (status == 0)
        status = load_code(&code, loaded);
    free(code.bytes);
    return status;
}

int load_path(const char *path, FILE *diagnostics, struct loaded *loaded)
{
    FILE *stream = fopen(path, "rb");
    if (!stream) {
        *loaded = (struct loaded){.name = path};
        return say_trouble(path, "open", errno);
    }
    int status = load_stream(path, stream, diagnostics, loaded);
    fclose(stream);
    return status;
}

/* --- libraries ---------------------------------------------------------------------------- */

struct book {
    struct loaded loaded;
    struct book *next;
};

const struct rp_program *library_load(void *context, const char *path, FILE *diagnostics,
                                      int *status)
{
    struct library *library = context;
    struct book *book = calloc(1, sizeof *book);
    if (!book) {
        *status = say_out_of_memory();
        return NULL;
    }
    book->next = library->books;
    library->books = book;
    *status = load_path(path, diagnostics, &book->loaded);
    return *status == 0 ? book->loaded.program : NULL;
}

void library_free(struct library *library)
{
    for (struct book *book = library->books, *next; book; book = next) {
        next = book->next;
        free(book->loaded.memory);
        free(book);
    }
}
