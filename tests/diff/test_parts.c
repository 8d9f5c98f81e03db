/* test_parts.c - the parts of diff/ by themselves: words for a shell, ladders, goldens' texts,
 * limits, XML; what the program makes of them tests/diff.sh shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "diff/golden.h"
#include "diff/ladder.h"
#include "diff/report.h"
#include "diff/verdict.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static int begin(void **state)
{
    struct work *w = malloc(sizeof *w);
    work_init(w, "test_parts");
    *state = w;
    return 0;
}

static int end(void **state)
{
    work_end(*state);
    free(*state);
    return 0;
}

static char *file_of(struct work *w, const char *extension, const char *text)
{
    struct render_error error;
    char *path = work_path(w, extension, &error);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    return path;
}

/* ---- words ---- */

static void words_are_a_shells(void **state)
{
    static const struct {
        const char *text, *wanted; /* words between bars */
    } rows[] = {{"", ""},
                {"  \t ", ""},
                {"a", "|a|"},
                {" a  b\tc ", "|a|b|c|"},
                {"--set 'pitch=c 5' x", "|--set|pitch=c 5|x|"},
                {"a'b'\"c d\"e", "|abc de|"},
                {"\\'a \\  b", "|'a| |b|"},
                {"'a\\' b", "|a\\|b|"},
                {"\"a\\\"b\"", "|a\"b|"},
                {"'' x", "||x|"}};
    struct render_error error;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char got[100] = "";
        size_t count;
        char **words = work_words(*state, rows[i].text, &count, &error);
        assert_non_null(words);
        for (size_t k = 0; k < count; k++)
            strcat(strcat(got, k ? "" : "|"), words[k]), strcat(got, "|");
        assert_string_equal(got, rows[i].wanted);
        assert_null(words[count]);
    }
    size_t count;
    assert_null(work_words(*state, "a 'b", &count, &error));
    assert_int_equal(error.status, RENDER_WRONG);
}

/* What is quoted comes back from sh as it was. */
static void quotes_hold(void **state)
{
    struct render_error error;
    static const char odd[] = "it's $(x) `y` \"z\" \\ ; & | * ?\n#";
    struct work *w = *state;
    char *out = work_path(w, ".out", &error);
    char *command = arena_format(&w->arena, "printf %%s %s", work_quote(w, odd));
    char *argv[] = {"sh", "-c", command, NULL};
    struct process p = {argv, NULL, out, NULL};
    char got[100] = "";
    int code = 1;
    assert_int_equal(work_run(&p, &code, &error), RENDER_OK);
    assert_int_equal(code, 0);
    FILE *file = fopen(out, "rb");
    got[fread(got, 1, sizeof got - 1, file)] = '\0';
    fclose(file);
    assert_string_equal(got, odd);
}

static void how_a_process_ended_is_known(void **state)
{
    static const struct {
        const char *command;
        int code;
    } rows[] = {{"exit 0", 0}, {"exit 3", 3}, {"kill -9 $$", 137}, {"no-such-program-here", 127}};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct render_error error;
        char *argv[] = {"sh", "-c", (char *)(uintptr_t)rows[i].command, NULL};
        struct process p = {argv, "/", NULL, NULL};
        int code = -1;
        assert_int_equal(work_run(&p, &code, &error), RENDER_OK);
        assert_int_equal(code, rows[i].code);
    }
}

static void the_folder_goes_in_the_end(void **state)
{
    (void)state;
    struct work w;
    struct render_error error;
    work_init(&w, "x");
    char *path = work_path(&w, ".a", &error), folder[4096];
    assert_non_null(path);
    fclose(fopen(path, "wb"));
    snprintf(folder, sizeof folder, "%s", w.folder);
    work_clear(&w);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(access(folder, F_OK), 0);
    work_end(&w);
    assert_int_equal(access(folder, F_OK), -1);
}

/* ---- ladders ---- */

#define HEAD "repatch-ladder 1\n"

static struct ladder_place compare(struct work *w, const char *a, const char *b)
{
    struct ladder_place place;
    struct render_error error;
    assert_int_equal(
        ladder_compare(w, file_of(w, ".a", a), "a", file_of(w, ".b", b), "b", &place, &error),
        RENDER_OK);
    return place;
}

static void the_first_tick_and_node_are_found(void **state)
{
    struct ladder_place p = compare(*state,
                                    HEAD "0 mix=1 out=1 node.x=1 node.y=1 node.z=1\n"
                                         "1 mix=1 out=1 node.x=2 node.y=2 node.z=2\n"
                                         "2 mix=2 out=3 node.x=3 node.y=3 node.z=3\n",
                                    HEAD "0 mix=1 out=1 node.x=1 node.y=1 node.z=1\n"
                                         "1 mix=1 out=1 node.x=2 node.y=9 node.z=9\n"
                                         "2 mix=9 out=9 node.x=9 node.y=3 node.z=9\n");
    assert_true(p.differs && p.has_nodes && !p.length && !p.mix && !p.out);
    assert_int_equal(p.tick, 1);
    assert_int_equal(p.ticks, 2);
    assert_int_equal(p.node_tick, 1);
    assert_int_equal(p.nodes.count, 2);
    assert_string_equal(p.nodes.names[0], "node.y");
    assert_string_equal(p.nodes.names[1], "node.z");
}

static void voices_and_buses_are_told(void **state)
{
    struct ladder_place p =
        compare(*state, HEAD "7 mix=1 voice0=1 voice3=1 bus.a=1\n8 mix=1 bus.a=1\n",
                HEAD "7 mix=1 voice0=1 voice3=1 bus.a=1\n"
                     "8 mix=2 voice3=1 bus.a=2\n");
    assert_true(p.differs && p.mix && !p.has_nodes);
    assert_int_equal(p.tick, 8);
    assert_int_equal(p.places.count, 2); /* a voice that only one hears, and the bus */
    assert_int_equal(p.only_b.count, 0);
}

static void nodes_of_one_side_are_told(void **state)
{
    struct ladder_place p = compare(*state, HEAD "0 mix=1 out=1 node.x=1 node.old=1 node.y=1\n",
                                    HEAD "0 mix=1 out=1 node.new=5 node.x=1 node.y=1\n");
    assert_true(p.differs);
    assert_int_equal(p.nodes.count, 0);
    assert_string_equal(p.only_a.names[0], "node.old");
    assert_string_equal(p.only_b.names[0], "node.new");
}

/* A ladder of the mix alone is compared by the mix alone. */
static void what_one_lacks_is_not_compared(void **state)
{
    assert_false(compare(*state, HEAD "0 mix=1 out=1 node.x=1\n", HEAD "0 mix=1\n").differs);
    assert_false(compare(*state, HEAD "0 mix=1 voice2=1\n", HEAD "0 mix=1\n").differs);
    assert_true(compare(*state, HEAD "0 mix=1 voice2=1\n", HEAD "0 mix=2\n").differs);
}

static void ticks_are_matched_by_number(void **state)
{
    struct ladder_place p =
        compare(*state, HEAD "0 mix=0\n1 mix=1\n2 mix=2\n3 mix=3\n", HEAD "2 mix=2\n3 mix=9\n");
    assert_true(p.differs && !p.length);
    assert_int_equal(p.tick, 3);
    p = compare(*state, HEAD "0 mix=0\n1 mix=1\n", HEAD "0 mix=0\n");
    assert_true(p.differs && p.length);
    assert_int_equal(p.tick, 1);
    assert_int_equal(p.ticks, 0);
    assert_int_equal(p.ticks_a, 2);
    assert_int_equal(p.ticks_b, 1);
}

/* Longer than any buffer: 3000 nodes, of which the last differs. */
static void long_lines_are_read(void **state)
{
    enum { NODES = 3000, ROOM = NODES * 40 };
    char *a = malloc(ROOM), *b = malloc(ROOM), last[40];
    size_t at = (size_t)sprintf(a, HEAD "0 mix=1 out=1");
    for (unsigned i = 0; i < NODES; i++)
        at += (size_t)sprintf(a + at, " node.number-%u=%08x", i, i * 7);
    strcpy(a + at, "\n");
    memcpy(b, a, at + 2);
    b[at - 1] = b[at - 1] == '0' ? '1' : '0';
    struct ladder_place p = compare(*state, a, b);
    snprintf(last, sizeof last, "node.number-%d", NODES - 1);
    assert_int_equal(p.nodes.count, 1);
    assert_string_equal(p.nodes.names[0], last);
    free(a);
    free(b);
}

static void bad_ladders_are_trouble(void **state)
{
    static const char *const rows[] = {"",
                                       "repatch-ladder 2\n",
                                       HEAD "x mix=1\n",
                                       HEAD "0 mix\n",
                                       HEAD "0 mix=1",
                                       HEAD "0  mix=1\n",
                                       HEAD "0 =1\n",
                                       HEAD "0 mix=1 \n"};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ladder_place place;
        struct render_error error = {.status = RENDER_OK};
        char *good = file_of(*state, ".a", HEAD "0 mix=1\n");
        char *bad = file_of(*state, ".b", rows[i]);
        assert_int_equal(ladder_compare(*state, good, "good", bad, "bad", &place, &error),
                         RENDER_TROUBLE);
        assert_non_null(strstr(error.text, "bad"));
    }
}

/* ---- goldens ---- */

static enum render_status read_golden(struct work *w, const char *text, struct golden *g,
                                      struct render_error *error)
{
    error->text[0] = '\0';
    return golden_read(g, w, file_of(w, ".golden", text), error);
}

#define HASH "hash: 0123456789abcdef0123456789abcdef\n"

static void goldens_come_back_as_they_were(void **state)
{
    static const char text[] =
        "# a comment\nsource: ../x.sx\nrender: --seed 3 --set 'a=b c'\n"
        "excerpt: --from 30t --to 1.5s\n" HASH "clips: yes\nconstant: yes\nunheard: 12\n";
    struct golden g;
    struct render_error error;
    assert_int_equal(read_golden(*state, text, &g, &error), RENDER_OK);
    assert_string_equal(golden_text(&g, *state), text);
    assert_int_equal(g.from, 24000);
    assert_true(g.clips && g.constant && !g.silent);
    assert_int_equal(g.unheard, 12);
    assert_int_equal(read_golden(*state, "render:\r\n\r\n" HASH "silent: yes\n", &g, &error),
                     RENDER_OK);
    assert_string_equal(g.render, "");
    assert_true(g.silent);
}

static void excerpts_have_times(void **state)
{
    static const struct {
        const char *text;
        uint64_t from;
    } good[] = {{"--from 800f", 800},  {"--from 2t --to 9t", 1600}, {"--to 3s", 0},
                {"--from 0.5", 24000}, {"--from 20ms", 960},        {"", 0}};
    static const char *const bad[] = {"--from",     "--from x",       "20s",       "--form 1s",
                                      "--from -1s", "--from 1s --to", "--from 1hz"};
    struct golden g = {.from = 9};
    struct render_error error;
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_int_equal(golden_set_excerpt(&g, *state, good[i].text, &error), RENDER_OK);
        assert_int_equal(g.from, good[i].from);
    }
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(golden_set_excerpt(&g, *state, bad[i], &error), RENDER_WRONG);
}

static void bad_goldens_are_wrong(void **state)
{
    static const struct {
        const char *text, *said;
    } rows[] = {{"render: a\n", "no 'hash:'"},      {"hash: 12\n", ":1: 'hash: 12'"},
                {HASH "sound: x\n", ":2: 'sound:"}, {HASH "clips: maybe\n", "'clips: maybe'"},
                {HASH "nothing\n", ":2: this is"},  {HASH "unheard: -1\n", "'unheard: -1'"},
                {HASH "render: 'a\n", "'render:"},  {HASH "excerpt: 3s\n", "'excerpt: 3s'"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct golden g;
        struct render_error error;
        assert_int_equal(read_golden(*state, rows[i].text, &g, &error), RENDER_WRONG);
        if (!strstr(error.text, rows[i].said))
            fail_msg("'%s' has no '%s'", error.text, rows[i].said);
    }
}

/* ---- limits ---- */

static void limits_are_read(void **state)
{
    struct tolerance t;
    (void)state;
    assert_int_equal(tolerance_read("-80db", &t), 0);
    assert_true(fabs(t.largest - 1e-4) < 1e-16 && isinf(t.rms) && isinf(t.steps));
    assert_int_equal(tolerance_read("rms:-20db,lsb:2", &t), 0);
    assert_true(isinf(t.largest) && fabs(t.rms - 0.1) < 1e-16 && t.steps == 2.0);
    static const char *const bad[] = {"", "80db", "x", "lsb:", "lsb:1.5", "rms:", "lsb:-1", "-3hz"};
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(tolerance_read(bad[i], &t), -1);
}

/* ---- XML ---- */

/* Every byte may stand in a name; what XML cannot hold becomes '?'. */
static void xml_is_always_well_formed(void **state)
{
    char *text = NULL, name[600];
    size_t size, at = 0;
    (void)state;
    for (int c = 1; c < 256; c++)
        name[at++] = (char)c;
    static const char more[] = "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8e\xb5 \xed\xa0\x80 \xc0\x80 "
                               "\xef\xbf\xbf \xf4\x90\x80\x80 \xe2\x82";
    strcpy(name + at, more);
    FILE *file = open_memstream(&text, &size);
    struct junit_case cases[] = {{name, name, name, false}, {"ok", NULL, NULL, false}};
    report_junit(name, cases, COUNT(cases), file);
    fclose(file);
    assert_non_null(strstr(text, "&#10;"));
    assert_non_null(strstr(text, "&lt;=&gt;?@A"));
    assert_non_null(strstr(text, "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8e\xb5 ??? ?? ??? ???? ??"));
    char path[] = "/tmp/test_parts-XXXXXX", command[100];
    int fd = mkstemp(path);
    assert_int_equal(write(fd, text, size), (ssize_t)size);
    close(fd);
    snprintf(command, sizeof command, "xmllint --noout %s", path);
    assert_int_equal(system(command), 0);
    unlink(path);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(words_are_a_shells, begin, end),
        cmocka_unit_test_setup_teardown(quotes_hold, begin, end),
        cmocka_unit_test_setup_teardown(how_a_process_ended_is_known, begin, end),
        cmocka_unit_test(the_folder_goes_in_the_end),
        cmocka_unit_test_setup_teardown(the_first_tick_and_node_are_found, begin, end),
        cmocka_unit_test_setup_teardown(voices_and_buses_are_told, begin, end),
        cmocka_unit_test_setup_teardown(nodes_of_one_side_are_told, begin, end),
        cmocka_unit_test_setup_teardown(what_one_lacks_is_not_compared, begin, end),
        cmocka_unit_test_setup_teardown(ticks_are_matched_by_number, begin, end),
        cmocka_unit_test_setup_teardown(long_lines_are_read, begin, end),
        cmocka_unit_test_setup_teardown(bad_ladders_are_trouble, begin, end),
        cmocka_unit_test_setup_teardown(goldens_come_back_as_they_were, begin, end),
        cmocka_unit_test_setup_teardown(excerpts_have_times, begin, end),
        cmocka_unit_test_setup_teardown(bad_goldens_are_wrong, begin, end),
        cmocka_unit_test(limits_are_read),
        cmocka_unit_test(xml_is_always_well_formed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
