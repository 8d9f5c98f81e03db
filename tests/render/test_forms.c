/* test_forms.c - forms one after another: the two syntaxes, places, errors, memory. */
#include "render/score/forms.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct job {
    FILE *file;
    struct form_reader *reader;
    struct arena arena;
    struct diags diags;
    int status;
};

static void start_bytes(struct job *job, const char *text, size_t size, size_t batch)
{
    job->file = size ? fmemopen((void *)(uintptr_t)text, size, "rb") : tmpfile();
    assert_non_null(job->file);
    job->reader = form_open(job->file, "test.score", batch);
    assert_non_null(job->reader);
    arena_init(&job->arena);
    diags_init(&job->diags, &job->arena);
    job->status = -1;
}

static void start(struct job *job, const char *text)
{
    start_bytes(job, text, strlen(text), 0);
}

static struct sx *next(struct job *job)
{
    return form_next(job->reader, &job->arena, &job->diags, &job->status);
}

static void finish(struct job *job)
{
    form_close(job->reader);
    fclose(job->file);
    arena_free(&job->arena);
}

/* --- what a tree says ---------------------------------------------------------------------- */

static void show(const struct sx *sx, FILE *file)
{
    if (sx->kind == SX_STRING)
        fprintf(file, "\"%s\"", sx->text);
    else if (sx->kind == SX_NUMBER)
        fprintf(file, "#%s", sx->text);
    else if (sx->kind == SX_SYMBOL)
        fputs(sx->text, file);
    else
        fputc('(', file);
    for (const struct sx *child = sx->first; child; child = child->next) {
        show(child, file);
        fputs(child->next ? " " : "", file);
    }
    fputs(sx->kind == SX_LIST ? ")" : "", file);
}

/* The forms, each line's in brackets; after an error, '!' and the line:column of what was new. */
static void assert_forms(const char *text, const char *wanted)
{
    struct job job;
    char *got;
    size_t size;
    start(&job, text);
    FILE *file = open_memstream(&got, &size);
    for (unsigned printed = 0;;) {
        struct sx *forms = next(&job);
        assert_int_not_equal(job.status, 2);
        if (!forms && job.status == 0)
            break;
        if (forms)
            show(forms, file);
        for (; printed < job.diags.count; printed++) {
            const struct diag *d = &job.diags.list[printed];
            struct position at = source_position(d->place.source, d->place.begin);
            fprintf(file, "!%d@%u:%u", (int)d->code, at.line, at.column);
        }
    }
    fclose(file);
    if (strcmp(got, wanted) != 0)
        print_error("of: %s\n", text);
    assert_string_equal(got, wanted);
    free(got);
    finish(&job);
}

/* --- many lines at once -------------------------------------------------------------------- */

/* All that is read: every form with the lines and places of its nodes, and every report. */
static void show_nodes(const struct sx *sx, FILE *file)
{
    struct position at = source_position(sx->place.source, sx->place.begin);
    struct position end = source_position(sx->place.source, sx->place.end);
    fprintf(file, "%d %u:%u-%u:%u %u '%s' %zu\n", (int)sx->kind, at.line, at.column, end.line,
            end.column, sx->line, sx->text, sx->length);
    assert_int_equal(at.line, sx->line);
    for (const struct sx *child = sx->first; child; child = child->next)
        show_nodes(child, file);
    fputs(sx->kind == SX_LIST ? ")" : "", file);
}

static char *read_all(const char *text, size_t size, size_t batch)
{
    struct job job;
    char *got;
    size_t bytes;
    start_bytes(&job, text, size, batch);
    FILE *file = open_memstream(&got, &bytes);
    for (unsigned printed = 0;;) {
        struct sx *forms = next(&job);
        assert_int_not_equal(job.status, 2);
        if (!forms && job.status == 0)
            break;
        for (const struct sx *sx = forms ? forms->first : NULL; sx; sx = sx->next)
            show_nodes(sx, file);
        for (; printed < job.diags.count && printed < DIAG_LIMIT; printed++) {
            const struct diag *d = &job.diags.list[printed];
            struct position at = source_position(d->place.source, d->place.begin);
            fprintf(file, "!%d@%u:%u %s\n", (int)d->code, at.line, at.column, d->message);
        }
    }
    fclose(file);
    finish(&job);
    return got;
}

static const char *const sx_parts[] = {"(play kick :at 1.5s)",
                                       "(a (b c) 2)",
                                       "\"s\"",
                                       " ",
                                       "\t",
                                       "\n",
                                       "\n",
                                       "\n",
                                       "\n",
                                       "\r\n",
                                       "; (\n",
                                       "#| (\n |#",
                                       "c4",
                                       "-.5",
                                       "x\"y\"z",
                                       "\"a\\\"b\"",
                                       "\xc3\xa9",
                                       "(a\nb)",
                                       "()",
                                       "((",
                                       "))",
                                       "\"",
                                       "\"\\q\"",
                                       "#|",
                                       "|#",
                                       "\x01",
                                       "\xff",
                                       ")",
                                       "\n(ok 1)\n",
                                       "\n(ok 1)\n",
                                       "'",
                                       "a|b",
                                       "[",
                                       "1e5hz",
                                       ":at"};

static const char *const json_parts[] = {"[\"play\", \"kick\", {\"at\": \"1.5s\"}]",
                                         "[\"a\",{\"b\":[1,2],\"c\":{\"d\":1}}]",
                                         "\n",
                                         "\n",
                                         "\n",
                                         "\n",
                                         "\n",
                                         "\n[\"ok\"]\n",
                                         "\n[\"ok\", 1]\n",
                                         "\n[\"ok\", [], {}, [{}], {\"a\": 2}]\n",
                                         "\r\n",
                                         " ",
                                         "\t",
                                         "[\"a\", true, false]",
                                         "[\"a\", null]",
                                         "[\"a\\u0041\"]",
                                         "[\"a\\\"b\"]",
                                         "[\"\xc3\xa9 x\"]",
                                         "[\"a\", {\"k\": 1, \"k\": 2}]",
                                         "[\"a\", 01]",
                                         "[\"a\", -0.50, 1e3, 1E400, -]",
                                         "[\"a\", 123456789012345678901234]",
                                         "[\"a\", 12345678901234567890.5]",
                                         "[\"a\",]",
                                         "[,]",
                                         "[\"a\" \"b\"]",
                                         "[\"a\",\n \"b\"]",
                                         "{\"a\": 1}",
                                         "[",
                                         "]",
                                         "\"",
                                         ";",
                                         "[\"a\tb\"]",
                                         "[\"a\"] x",
                                         "[\"a\", tru]",
                                         "[1.]",
                                         "[\"a\", {\"b\" 1}]",
                                         "[\"a\", {1: 2}]",
                                         "[\"a\", {\"b\": {\"c\": {}}}, {\"d\": [{\"e\": 1}]}]"};

static uint64_t shake(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

static void chance_text(uint64_t *state, const char *const *parts, size_t count, char *text)
{
    size_t pieces = 1 + shake(state) % 40;
    int wild = shake(state) % 2; /* else only what is good, mostly */
    text[0] = '\0';
    for (size_t i = 0; i < pieces; i++)
        strcat(text, parts[shake(state) % (wild ? count : count / 2)]);
}

static void batches_change_nothing_in(const char *const *parts, size_t count, const char *first)
{
    static const size_t batches[] = {1, 20, 50, 200, 2048};
    char text[4096];
    uint64_t state = 7;
    for (int i = 0; i < 3000; i++) {
        strcpy(text, first);
        chance_text(&state, parts, count, text + strlen(first));
        char *wanted = read_all(text, strlen(text), 0);
        char *got = read_all(text, strlen(text), batches[i % 5]);
        if (strcmp(got, wanted) != 0)
            print_error("batches of %zu: %s\n", batches[i % 5], text);
        assert_string_equal(got, wanted);
        free(got);
        free(wanted);
    }
}

static void batches_change_nothing(void **state)
{
    (void)state;
    batches_change_nothing_in(sx_parts, sizeof sx_parts / sizeof *sx_parts, "(score)\n");
    batches_change_nothing_in(json_parts, sizeof json_parts / sizeof *json_parts, "[\"score\"]\n");
    batches_change_nothing_in(json_parts, sizeof json_parts / sizeof *json_parts, "");
}

static void forms_are_read_line_by_line(void **state)
{
    (void)state;
    assert_forms("", "");
    assert_forms("\n  \r\n\t\n", "");
    assert_forms("(a)", "((a))");
    assert_forms("(a)\n(b c)\n", "((a))((b c))");
    assert_forms("(a) (b\n c) (d)\n(e)", "((a) (b c) (d))((e))");
    assert_forms("a 1 \"s\"\n(b)", "(a #1 \"s\")((b))");
    assert_forms("(a\n\n\n  (b)\r\n)\r\n(c)", "((a (b)))((c))");
    assert_forms("\xef\xbb\xbf(a)\n(b)", "((a))((b))");
    assert_forms("\xef\xbb\xbf\n(b)", "((b))");
}

static void comments_and_strings_hide_brackets(void **state)
{
    (void)state;
    assert_forms("; (a\n(b) ; (c\n(d)", "((b))((d))");
    assert_forms("#| (a\n #| ( |# ) |# (b)\n(c)", "((b))((c))");
    assert_forms("#|\n|#\n(c #|\n)|# d)", "((c d))");
    assert_forms("(a \")\" \"\\\"(\" b)\n(c)", "((a \")\" \"\"(\" b))((c))");
    assert_forms("(a#|b)\n(c)", "((a#|b))((c))"); /* as sx_read has it: inside an atom */
    assert_forms("(a;)\n)\n(b)", "((a))((b))");
    assert_forms("(a \"x;y\" #|;|# b)\n", "((a \"x;y\" b))");
    assert_forms("; only", "");
    assert_forms("(a)\n; last", "((a))");
}

static void json_lines_say_the_same(void **state)
{
    (void)state;
    assert_forms("[\"play\", \"kick\", {\"at\": \"1.5s\", \"volume\": 200}]",
                 "((play kick :at #1.5s :volume #200))");
    assert_forms("\n[\"a\"]\n\n  [\"b\", 1, -2.5e3]\n", "((a))((b #1 #-2.5e3))");
    assert_forms("[\"a\", true, false, [\"b\", [1]], []]", "((a on off (b (#1)) ()))");
    assert_forms("[\"a\", \"two words\", \"\", \"c4\", \"-6db\"]",
                 "((a \"two words\" \"\" #c4 #-6db))");
    assert_forms("[\"a\",\n {\"b\": [1, 2],\n \"c\": {\"d\": 1}}]\n[\"e\"]",
                 "((a :b (#1 #2) :c (:d #1)))((e))");
    assert_forms("[\"a\", {\"1\": true}]", "((a :1 on))");
    assert_forms("[\"]\", \"\\\"[\", \"\\\\\"]\n[\"b\"]", "((] \"\"[\" \\))((b))");
    assert_forms("\xef\xbb\xbf[\"a\"]", "((a))");
    assert_forms("; a score\n[\"a\"]", "((a))");
    assert_forms("[\"a\", \"\\u00e4\"]", "((a \xc3\xa4))");
}

static void errors_have_their_place_and_reading_goes_on(void **state)
{
    (void)state;
    assert_forms("(a)\n\n(b \"x)\n  c)\n(d)", "((a))!107@3:4((d))");
    assert_forms("(a))\n junk )\n(b)", "!106@1:4((b))");
    assert_forms("(a)\n\xc3\xa4 \xff\n (b)", "((a))!102@2:3((b))");
    assert_forms("(a)\n; \xff\n(b)", "((a))!102@2:3((b))");
    assert_forms("(a \001)\n(b)", "!101@1:4((b))");
    assert_forms("(a \"\\q\")\n (b)", "!107@1:5((b))");
    assert_forms("(a\n (b)\n", "!105@1:1");
    assert_forms("\n(c)\n  (a (b\n (d)\n(e)", "((c))!105@3:6((e))");
    assert_forms("(a\n(b\n(c)\n", "!105@2:1((c))");
    assert_forms("(a) #| (b)\n(c)\n", "!108@1:5");
    assert_forms("(a) #|", "!108@1:5");
    assert_forms("(a \"x", "!107@1:4");
}

static void json_errors_have_their_place(void **state)
{
    (void)state;
    assert_forms("[\"a\"]\n[\"b\", null]\n[\"c\"]", "((a))!113@2:7((c))");
    assert_forms("[\"a\"]\n[\"b\",]\n[\"c\"]", "((a))!111@2:6((c))");
    assert_forms("[\"a\"]\n[\"b\"\n[\"c\"]", "((a))!105@2:1((c))");
    assert_forms("[\"a\"]\n[\"b]\n[\"c\"]", "((a))!111@2:4((c))");
    assert_forms("[\"a\"]]\n[\"c\"]", "!111@1:6((c))");
    assert_forms("{\"a\": 1}\n[\"c\"]", "!113@1:1((c))");
    assert_forms("[\"a\"] [\"b\"]\n[\"c\"]", "!111@1:7((c))");
    assert_forms("[\"a\"]\n(b)\n[\"c\"]", "((a))!111@2:1((c))");
    assert_forms("[\"a\", {\"b\": 1, \"b\": 2}]\n[\"c\"]", "!112@1:16((c))");
}

/* --- reports ------------------------------------------------------------------------------- */

static void assert_report(const char *text, const char *wanted)
{
    struct job job;
    char *got;
    size_t size;
    start(&job, text);
    while (next(&job) || job.status == 1)
        ;
    FILE *file = open_memstream(&got, &size);
    diags_print(&job.diags, file);
    fclose(file);
    assert_string_equal(got, wanted);
    free(got);
    finish(&job);
}

static void reports_show_lines_of_the_whole_file(void **state)
{
    (void)state;
    assert_report("(a)\n; b\n(c \"\\q\")\n(c \"\\q\")\n",
                  "test.score:3:5: error: unknown escape in a string [E0107]\n"
                  "    3 | (c \"\\q\")\n"
                  "        "
                  "    ^~\n"
                  "  = help: the escapes are \\\" \\\\ \\n \\t\n"
                  "test.score:4:5: error: unknown escape in a string [E0107]\n"
                  "    4 | (c \"\\q\")\n"
                  "        "
                  "    ^~\n"
                  "  = help: the escapes are \\\" \\\\ \\n \\t\n");
    assert_report("[\"a\"]\n[\"b\", {\"c\": [1, 2}\n",
                  "test.score:2:1: error: a bracket is not closed [E0105]\n"
                  "    2 | [\"b\", {\"c\": [1, 2}\n"
                  "        ^ this array has no ']'\n");
}

/* A report about an earlier form that came later stands before the others of its file. */
static void reports_stand_in_order_of_lines(void **state)
{
    (void)state;
    struct job job;
    char *got;
    size_t size;
    start(&job, "(a)\n(b)\n");
    const struct sx *a = next(&job)->first, *b = next(&job)->first;
    diag_note(&job.diags, diag_error(&job.diags, E_TEXT, b->place, "second"), a->place, "first");
    diag_error(&job.diags, E_TEXT, a->place, "first");
    FILE *file = open_memstream(&got, &size);
    diags_print(&job.diags, file);
    fclose(file);
    assert_string_equal(got, "test.score:1:1: error: first [E0101]\n"
                             "    1 | (a)\n"
                             "        ^~~\n"
                             "test.score:2:1: error: second [E0101]\n"
                             "    2 | (b)\n"
                             "        ^~~\n"
                             "    1 | (a)\n"
                             "        ^~~ first\n");
    free(got);
    finish(&job);
}

static void many_unclosed_forms_end_soon(void **state)
{
    (void)state;
    enum { LINES = 200000 };
    char *text = malloc(LINES * 2 + 1);
    for (size_t i = 0; i < LINES; i++)
        memcpy(text + 2 * i, "(\n", 3);
    struct job job;
    unsigned errors = 0;
    start(&job, text);
    while (next(&job) || job.status == 1)
        errors++;
    assert_int_equal(job.status, 0);
    assert_in_range(errors, 1, DIAG_LIMIT);
    finish(&job);
    free(text);
}

/* --- trouble and limits -------------------------------------------------------------------- */

static void every_allocation_may_fail(void **state)
{
    (void)state;
    static const char *const texts[] = {"(a \"b\" 1 (c))\n(d)", "[\"a\", {\"b\": [1, true]}]",
                                        "(a\n(b)", "[1\n[2]"};
    for (size_t t = 0; t < 4; t++) {
        for (long n = 0; n < 20; n++) {
            struct job job;
            start(&job, texts[t]);
            job.arena.fail_after = n;
            while (next(&job) || job.status == 1)
                ;
            assert_int_equal(job.status, job.arena.failed ? 2 : 0);
            finish(&job);
        }
    }
}

static void a_file_that_cannot_be_read_is_trouble(void **state)
{
    (void)state;
    struct job job;
    start(&job, "(a)");
    FILE *folder = fopen(".", "rb");
    assert_non_null(folder);
    struct form_reader *reader = form_open(folder, ".", 0);
    assert_null(form_next(reader, &job.arena, &job.diags, &job.status));
    assert_int_equal(errno, EISDIR);
    assert_int_equal(job.status, 2);
    assert_int_equal(job.diags.count, 0);
    form_close(reader);
    fclose(folder);
    finish(&job);
}

/* Reads what a child writes, so that the text is never in memory, nor on the disk. */
static size_t read_pipe(void (*write)(FILE *), unsigned *errors, enum diag_code *code)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        FILE *out = fdopen(ends[1], "wb");
        write(out);
        fflush(out);
        _exit(0);
    }
    close(ends[1]);
    FILE *in = fdopen(ends[0], "rb");
    struct form_reader *reader = form_open(in, "pipe", FORM_BATCH);
    struct arena kept, arena;
    struct diags diags;
    size_t forms = 0;
    int status = 0;
    arena_init(&kept);
    arena_init(&arena);
    diags_init(&diags, &kept);
    for (int more = 1; more;) {
        struct sx *sx = form_next(reader, &arena, &diags, &status);
        forms += sx ? sx_count(sx) : 0;
        more = sx || status == 1;
        if (arena.taken > 100000 || !more) { /* an arena's first piece is dear: not one a form */
            arena_free(&arena);
            arena_init(&arena);
        }
    }
    assert_int_equal(status, 0);
    *errors = diags.count;
    *code = diags.list[0].code;
    form_close(reader);
    fclose(in);
    waitpid(child, NULL, 0);
    arena_free(&kept);
    return forms;
}

static void write_million(FILE *file)
{
    for (int i = 0; i < 1000000; i++)
        fprintf(file, "(play kick :at %d :volume 200) ; and so on\n%s", i, i % 3 ? "" : ";\n\n");
}

static void write_comments(FILE *file)
{
    for (int i = 0; i < 5000000; i++)
        fputs("; no\n", file);
    fputs("(a)\n", file);
}

static void write_long_line(FILE *file)
{
    fputs("; ", file);
    for (int i = 0; i < 9000000; i++)
        fputs("comment ", file);
    fputs("\n(a)\n(b)\n", file);
}

static void write_long_form(FILE *file)
{
    fputs("(a)\n (b\n", file);
    for (int i = 0; i < 9000000; i++)
        fputs(" (cccc)\n", file);
    fputs(")\n(d)\n", file);
}

static long peak(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void a_million_lines_need_no_memory(void **state)
{
    (void)state;
    unsigned errors;
    enum diag_code code;
    long before = peak();
    assert_int_equal(read_pipe(write_million, &errors, &code), 1000000);
    assert_int_equal(errors, 0);
    assert_int_equal(read_pipe(write_comments, &errors, &code), 1);
    assert_int_equal(errors, 0);
#ifndef __SANITIZE_ADDRESS__                 /* which keeps what was freed */
    assert_true(peak() - before < 4 * 1024); /* KiB; the texts are 50 and 25 MB */
#else
    (void)before;
#endif
}

static void beyond_64_mib_is_an_error(void **state)
{
    (void)state;
    unsigned errors;
    enum diag_code code;
    assert_int_equal(read_pipe(write_long_form, &errors, &code), 2);
    assert_int_equal(errors, 1);
    assert_int_equal(code, E_TOO_LARGE);
    assert_int_equal(read_pipe(write_long_line, &errors, &code), 2);
    assert_int_equal(errors, 1);
    assert_int_equal(code, E_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_million_lines_need_no_memory), /* first: the peak is the process's */
        cmocka_unit_test(forms_are_read_line_by_line),
        cmocka_unit_test(batches_change_nothing),
        cmocka_unit_test(comments_and_strings_hide_brackets),
        cmocka_unit_test(json_lines_say_the_same),
        cmocka_unit_test(errors_have_their_place_and_reading_goes_on),
        cmocka_unit_test(json_errors_have_their_place),
        cmocka_unit_test(reports_show_lines_of_the_whole_file),
        cmocka_unit_test(reports_stand_in_order_of_lines),
        cmocka_unit_test(many_unclosed_forms_end_soon),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(a_file_that_cannot_be_read_is_trouble),
        cmocka_unit_test(beyond_64_mib_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
