/* test_front.c - the front end: reading, checking, laying out, writing, formatting.
 * Run from the repository root. */
#include "compiler/format.h"
#include "compiler/front.h"
#include "compiler/graph.h"
#include "compiler/target/schema.h"
#include "render/sound_file.h"
#include <dirent.h>
#include <jansson.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char spec_sx[] = "(patch\n"
                              "  (nodes\n"
                              "    (osc1 (type \"osc.sine\") (freq 440))\n"
                              "    (gain1 (type \"gain\") (amp 0.5))\n"
                              "    (out (type \"output\")))\n"
                              "  (connections\n"
                              "    (osc1 \"out\" -> gain1 \"in\")\n"
                              "    (gain1 \"out\" -> out \"in\")))\n";

static const char spec_json[] =
    "{\n  \"nodes\": {\n"
    "    \"osc1\": { \"type\": \"osc.sine\", \"params\": { \"freq\": 440 } },\n"
    "    \"gain1\": { \"type\": \"gain\", \"params\": { \"amp\": 0.5 } },\n"
    "    \"out\": { \"type\": \"output\" }\n  },\n"
    "  \"connections\": [\n"
    "    { \"from\": [\"osc1\", \"out\"], \"to\": [\"gain1\", \"in\"] },\n"
    "    { \"from\": [\"gain1\", \"out\"], \"to\": [\"out\", \"in\"] }\n  ]\n}\n";

static const struct sound_loader sounds = {sound_load, NULL};

/* One compile job. */
struct job {
    struct arena arena;
    struct diags diags;
    struct source source;
    struct graph *graph;
};

static void job_start(struct job *job, const char *text, size_t size)
{
    arena_init(&job->arena);
    diags_init(&job->diags, &job->arena);
    job->source = (struct source){"tests/front/test.sx", text, size, 0};
    job->graph = NULL;
}

static void job_read(struct job *job, const char *text)
{
    job_start(job, text, strlen(text));
    job->graph = graph_read(&job->arena, &job->diags, &job->source, &sounds);
}

static void job_end(struct job *job)
{
    arena_free(&job->arena);
}

static void job_read_good(struct job *job, const char *text)
{
    job_read(job, text);
    if (!job->graph)
        diags_print(&job->diags, stderr);
    assert_non_null(job->graph);
    assert_int_equal(job->diags.count, 0);
}

typedef int writer(struct arena *, const struct graph *, FILE *);

/* What a writer writes; the caller frees it. */
static char *written(struct job *job, writer *write)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    assert_int_equal(write(&job->arena, job->graph, file), 0);
    fclose(file);
    return text;
}

static void same_table(const struct data *a, const struct data *b)
{
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->columns, b->columns);
    assert_memory_equal(a->values, b->values, a->count * sizeof *a->values);
    assert_memory_equal(&a->rate, &b->rate, sizeof a->rate);
    assert_string_equal(a->file ? a->file : "", b->file ? b->file : "");
}

static void same_term(const struct term *a, const struct term *b)
{
    assert_int_equal(a->kind, b->kind);
    if (a->kind == TERM_TABLE)
        same_table(a->table, b->table);
    else if (a->kind == TERM_CONSTANT)
        assert_memory_equal(&a->value, &b->value, sizeof a->value);
    else if (a->kind == TERM_PARAM)
        assert_int_equal(a->param, b->param);
    else
        assert_true(a->node == b->node && a->port == b->port);
}

static void same_node(const struct node *a, const struct node *b)
{
    assert_string_equal(a->id, b->id);
    assert_int_equal(a->rate, b->rate);
    assert_ptr_equal(a->module, b->module);
    for (unsigned i = 0; i < a->module->inputs; i++) {
        assert_int_equal(a->in[i].count, b->in[i].count);
        for (unsigned t = 0; t < a->in[i].count; t++)
            same_term(&a->in[i].terms[t], &b->in[i].terms[t]);
    }
}

static void same_param(const struct param *a, const struct param *b)
{
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->unit, b->unit);
    assert_int_equal(a->curve, b->curve);
    assert_memory_equal(&a->low, &b->low, sizeof a->low);
    assert_memory_equal(&a->high, &b->high, sizeof a->high);
    assert_memory_equal(&a->def, &b->def, sizeof a->def);
    assert_memory_equal(&a->glide, &b->glide, sizeof a->glide);
}

static void same_graph(const struct graph *a, const struct graph *b)
{
    assert_int_equal(a->node_count, b->node_count);
    assert_int_equal(a->param_count, b->param_count);
    assert_int_equal(a->output, b->output);
    for (size_t i = 0; i < a->param_count; i++)
        same_param(&a->params[i], &b->params[i]);
    for (size_t i = 0; i < a->node_count; i++)
        same_node(&a->nodes[i], &b->nodes[i]);
}

static void same_patch(const char *a, const char *b)
{
    struct job first, second;
    job_read_good(&first, a);
    job_read_good(&second, b);
    same_graph(first.graph, second.graph);
    job_end(&first);
    job_end(&second);
}

static void test_spec(void **state)
{
    (void)state;
    struct job job;
    same_patch(spec_sx, spec_json);
    job_read_good(&job, spec_json);
    char *sx = written(&job, graph_write_sx);
    assert_string_equal(sx, spec_sx);
    free(sx);
    char *text = written(&job, graph_write_json);
    json_t *ours = json_loads(text, 0, NULL), *theirs = json_loads(spec_json, 0, NULL);
    assert_true(json_equal(ours, theirs));
    json_decref(ours);
    json_decref(theirs);
    free(text);
    job_end(&job);
}

static const char *const hairy[] = {
    spec_sx,
    spec_json,
#define PATCH(text) (text),
#include "tests/front/patches.def"
#undef PATCH
};

enum { HAIRY = sizeof hairy / sizeof *hairy };

static void round_trip(const char *text, writer *write)
{
    struct job job, again;
    job_read_good(&job, text);
    char *once = written(&job, write);
    job_read_good(&again, once);
    same_graph(job.graph, again.graph);
    char *twice = written(&again, write);
    assert_string_equal(once, twice);
    job_end(&job);
    job_end(&again);
    free(once);
    free(twice);
}

static void test_round_trip(void **state)
{
    (void)state;
    for (size_t i = 0; i < HAIRY; i++) {
        round_trip(hairy[i], graph_write_sx);
        round_trip(hairy[i], graph_write_json);
    }
}

/* The table of the first node that is given one. */
static const struct data *table_of(const struct graph *g)
{
    for (size_t n = 0; n < g->node_count; n++)
        for (unsigned i = 0; i < g->nodes[n].module->inputs; i++)
            if (g->nodes[n].in[i].count && g->nodes[n].in[i].terms[0].kind == TERM_TABLE)
                return g->nodes[n].in[i].terms[0].table;
    fail_msg("no table");
    return NULL;
}

static void test_tables(void **state)
{
    (void)state;
    struct job job;
    job_read_good(&job,
                  "(patch (output (math.lookup 0.5 (table (table 1 -6db 20ms 50% a4 1khz)))))");
    const struct data *d = table_of(job.graph);
    static const double wanted[] = {1.0, 0.5011872336272724, 0.02, 0.5, 440.0, 1000.0};
    assert_true(d->count == 6 && d->columns == 1 && !d->file);
    assert_memory_equal(d->values, wanted, sizeof wanted);
    job_end(&job);
    job_read_good(&job, "(patch (output (math.lookup 0 (table (0 1 2) (3 4 5)))))");
    d = table_of(job.graph);
    assert_true(d->count == 6 && d->columns == 3 && d->values[4] == 4.0);
    job_end(&job);
    static const char json[] =
        "{\"nodes\": {\"o\": {\"type\": \"output\", \"params\": {\"in\": \"l\"}},"
        "\"l\": {\"type\": \"math.lookup\", \"params\": {\"a\": 0.5, %s}}}}";
    static const char sx[] =
        "(patch (nodes (o (type output) (in l)) (l (type math.lookup) (a 0.5) %s)))";
    static const char *const pairs[][2] = {
        {"\"table\": {\"table\": [1, \"2hz\", \"a4\"]}, \"interp\": \"step\"",
         "(table (table 1 2hz a4)) (interp step)"},
        {"\"table\": {\"table\": [[1, 2], [3, \"4ms\"]]}", "(table (table (1 2) (3 4ms)))"},
        {"\"table\": {\"sample\": \"inc/pair.wav\", \"channel\": \"right\"}",
         "(table (sample \"inc/pair.wav\" (channel right)))"},
        {"\"table\": {\"sample\": \"inc/pair.wav\"}", "(table (sample \"inc/pair.wav\"))"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char first[400], second[400];
        snprintf(first, sizeof first, json, pairs[i][0]);
        snprintf(second, sizeof second, sx, pairs[i][1]);
        same_patch(first, second);
    }
}

/* inc/pair.wav: 8000 Hz, left 0, 0.25, 0.5, 0.75, right 0, -0.5, 0.5, -1. */
static void test_samples(void **state)
{
    (void)state;
    static const struct {
        const char *form;
        double values[4];
    } cases[] = {
        {"(sample \"inc/pair.wav\")", {0.0, -0.125, 0.5, -0.125}},
        {"(sample \"inc/pair.wav\" (channel mix))", {0.0, -0.125, 0.5, -0.125}},
        {"(sample \"inc/pair.wav\" (channel left))", {0.0, 0.25, 0.5, 0.75}},
        {"(sample \"inc/pair.wav\" (channel right))", {0.0, -0.5, 0.5, -1.0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[200];
        struct job job;
        snprintf(text, sizeof text, "(patch (output (math.lookup 0 %s)))", cases[i].form);
        job_read_good(&job, text);
        const struct data *d = table_of(job.graph);
        assert_true(d->count == 4 && d->columns == 1 && d->rate == 8000.0);
        assert_memory_equal(d->values, cases[i].values, sizeof cases[i].values);
        assert_string_equal(d->file, "inc/pair.wav");
        job_end(&job);
    }
    /* In a used file the path is the used file's; what is written is from the first one's. */
    struct job job;
    job_read_good(&job, "(patch (use \"inc/sampled.sx\") (output (sampled)))");
    assert_string_equal(table_of(job.graph)->file, "inc/pair.wav");
    job_end(&job);
    struct arena arena;
    struct diags diags;
    static const char text[] = "(patch (output (math.lookup 0 (sample \"inc/pair.wav\"))))";
    struct source source = {"tests/front/test.sx", text, sizeof text - 1, 0};
    arena_init(&arena);
    diags_init(&diags, &arena);
    assert_null(graph_read(&arena, &diags, &source, NULL)); /* nobody who could read it */
    assert_int_equal(diags.list[0].code, E_SAMPLE_FILE);
    arena_free(&arena);
}

/* The same in JSON; a unison of one is the node. */
static void test_extras(void **state)
{
    (void)state;
    same_patch("{\"nodes\": {\"o\": {\"type\": \"output\", \"params\": {\"in\": \"s\"}},"
               " \"s\": {\"type\": \"osc.saw\", \"oversample\": 4, \"unison\": 3}}}",
               "(patch (nodes (o (type output) (in s)) (s (osc.saw (unison 3) (oversample 4)))))");
    same_patch("{\"nodes\": {\"o\": {\"type\": \"output\", \"params\": {\"in\": \"s\"}},"
               " \"s\": {\"type\": \"osc.saw\", \"unison\":"
               " {\"width\": \"50%\", \"copies\": 3, \"detune\": 7.5}}}}",
               "(patch (nodes (o (type output) (in s))\n"
               "  (s (type osc.saw) (unison 3 (detune 7.5) (width 0.5)))))");
    same_patch("(patch (output (osc.saw 100 (unison 1 (detune 50)))))",
               "(patch (output (osc.saw 100)))");
    same_patch("(patch (def s (osc.saw 100 (unison 2 (detune 1200)))) (output s))",
               "(patch (nodes (s/1 (osc.saw 50 0)) (s/2 (osc.saw 200 0.25))\n"
               "  (s (mix s/1 s/2 (level 0.7071067811865476))) (output1 (output s))))");
    same_patch("(patch (def s (osc.saw 100 0 (unison 2 (detune 1200)))) (output s))",
               "(patch (nodes (s/1 (osc.saw 50 0)) (s/2 (osc.saw 200 0))\n"
               "  (s (mix s/1 s/2 (level 0.7071067811865476))) (output1 (output s))))");
    /* Named outputs are mixes; sides that stand apart are joined. */
    same_patch("(patch (def v (patch (def e (env.decay)) (outputs (level e 0.5)) (output e)))\n"
               "  (def n (v)) (output (gain n n.level)))",
               "(patch (nodes (n/e (env.decay)) (n/level-out (mix n/e 0.5))\n"
               "  (gain1 (gain n/e n/level-out)) (output1 (output gain1))))");
    same_patch("{\"defs\": {\"v\": {\"outputs\": {\"level\": [\"e\", 0.5], \"k\": 1}, \"nodes\": {"
               "\"e\": {\"type\": \"env.decay\"}, \"o\": {\"type\": \"output\", \"params\":"
               " {\"in\": \"e\"}}}}}, \"nodes\": {\"n\": {\"type\": \"v\"},"
               " \"o\": {\"type\": \"output\", \"params\": {\"in\": [\"n.level\", \"n.k\"]}}}}",
               "(patch (def v (patch (outputs (level e 0.5) (k 1))\n"
               "  (nodes (e (env.decay)) (o (type output) (in e))))) (nodes (n (v)) (o (output "
               "n.level n.k))))");
    same_patch(
        "(patch (def v (patch (def s (osc.saw)) (output 0.5 (left s) (right 1))))\n"
        "  (def n (v)) (output (gain n) n))",
        "(patch (nodes (n/s (osc.saw)) (n/out-join (stereo.join (left 0.5 n/s) (right 0.5 1)))\n"
        "  (gain1 (gain n/out-join))\n"
        "  (output1 (type output) (in gain1 0.5) (left n/s) (right 1))))");
    /* An input of that name, which a patch may have, comes before. */
    struct job job;
    job_read_good(&job, "(patch (def p (patch (params (unison 1)) (output unison)))\n"
                        "  (output (p (unison 0.25))))");
    job_end(&job);
}

static void test_forms_agree(void **state)
{
    (void)state;
    same_patch("(patch (output (gain (osc.saw (freq 110)) (amp (env.decay (time 200ms))))))",
               "(patch (nodes (saw1 (type \"osc.saw\") (freq 110))\n"
               "  (decay1 (type env.decay) (time 0.2)) (gain1 (type gain) (in saw1) (amp decay1))\n"
               "  (output1 (type output) (in gain1))))");
    same_patch("(patch (output (math.lookup 0.5 (table 1 2 3) step)))",
               "(patch (output (math.lookup 0.5 (table (table 1 2 3)) (interp step))))");
    same_patch("(patch (output (math.lookup (table 1 2 3) 0.5)))",
               "(patch (output (math.lookup 0.5 (table (table 1 2 3)))))");
    same_patch("(patch (nodes (l (type math.lookup) (a 0.5) (table 1 2 3)) (o (output l))))",
               "(patch (nodes (l (math.lookup 0.5 (table 1 2 3))) (o (output l))))");
    same_patch("(patch (def a (gain b)) (def b (osc.saw 110)) (output a 0.5 b))",
               "(patch (nodes (a (type gain)) (b (osc.saw (freq 110)))\n"
               "  (output1 (output a 0.5 b))) (connections (b.out -> a.in)))");
    same_patch("(patch (def v (patch (params (p)) (output (osc.saw p)))) (output (v 220)))",
               "(patch (nodes (v1/saw1 (osc.saw 220)) (output1 (output v1/saw1))))");
    same_patch("(patch (def v (patch (params (p)) (output (osc.saw p) p)))\n"
               "  (def s (osc.sine)) (def one (v (p s 1))) (output one))",
               "(patch (nodes (s (osc.sine)) (one/p-sum (mix s 1)) (one/saw1 (osc.saw one/p-sum))\n"
               "  (one/out-mix (mix one/saw1 one/p-sum)) (output1 (output one/out-mix))))");
    same_patch("(patch (params (k (unit hz) (default 20)))\n (output (osc.saw 440))\n)",
               "(patch (params (k 20hz)) #| a #| b |# |# (output ; c\n(osc.saw a4)))");
}

/* The cables come after the node's own values, in the order of the text. */
static void test_order_of_terms(void **state)
{
    (void)state;
    struct job job;
    job_read_good(&job, "(patch (connections (a -> m) (b -> m \"in\") (k -> m)) (params (k))\n"
                        "  (nodes (a (osc.saw)) (b (osc.sine)) (m (mix 0.5 b)) (o (output m))))");
    const struct input *in = &job.graph->nodes[2].in[VM_IN_MIX_in];
    assert_int_equal(in->count, 5);
    assert_int_equal(in->terms[0].kind, TERM_CONSTANT);
    assert_int_equal(in->terms[1].node, 1);
    assert_int_equal(in->terms[2].node, 0);
    assert_int_equal(in->terms[3].node, 1);
    assert_int_equal(in->terms[4].kind, TERM_PARAM);
    job_end(&job);
}

static void test_computation_order(void **state)
{
    (void)state;
    struct job job;
    job_read_good(&job, "(patch (nodes (m (mix d c)) (d (delay.feedback m (time t)))\n"
                        "  (t (osc.sine 1)) (c (osc.saw)) (o (output m))))");
    static const unsigned wanted[] = {2, 1, 3, 0, 4};
    unsigned *order = graph_order(&job.arena, &job.diags, job.graph);
    assert_non_null(order);
    assert_memory_equal(order, wanted, sizeof wanted);
    job_end(&job);
}

/* A host program may have set a locale whose decimal point is a comma. */
static void test_locale(void **state)
{
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "de_DE", "fr_FR.UTF-8", "fr_FR"};
    const char *set = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && !set; i++)
        set = setlocale(LC_ALL, names[i]);
    if (!set)
        skip();
    round_trip(hairy[2], graph_write_sx);
    round_trip(hairy[2], graph_write_json);
    setlocale(LC_ALL, "C");
}

static const struct {
    enum diag_code code;
    const char *text;
} broken[] = {
#define BROKEN(code, text) {E_##code, text},
#include "tests/front/broken.def"
#undef BROKEN
};

static int reports(const struct diags *diags, enum diag_code code)
{
    for (unsigned i = 0; i < diags->count && i < DIAG_LIMIT; i++)
        if (diags->list[i].code == code)
            return 1;
    return 0;
}

static void test_broken(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct job job;
        job_read(&job, broken[i].text);
        if (job.graph)
            assert_null(graph_order(&job.arena, &job.diags, job.graph));
        if (!reports(&job.diags, broken[i].code)) {
            diags_print(&job.diags, stderr);
            fail_msg("no E%04d from %s", (int)broken[i].code, broken[i].text);
        }
        job_end(&job);
    }
}

/* One slip gives one report. */
static void test_no_cascades(void **state)
{
    (void)state;
    static const char *const slips[] = {
        ("(patch (nodes (a (type osc.sin) (freq 3)) (g (type gain)) (o (type output)))\n"
         "  (connections (a \"out\" -> g \"in\") (g \"out\" -> o \"in\")))"),
        "(patch (use \"inc/nothing.sx\" as x) (nodes (a (x (p 3)))) (output a.out))",
        "(patch (def p (patch (output (osc.sin)))) (output (p (k 1)) (p)))",
        "(patch (output (gain nothing)))",
        "(patch (params (k (unit herz) (range 3 4))) (output k))",
    };
    for (size_t i = 0; i < sizeof slips / sizeof *slips; i++) {
        struct job job;
        job_read(&job, slips[i]);
        if (job.diags.count != 1)
            diags_print(&job.diags, stderr);
        assert_int_equal(job.diags.count, 1);
        job_end(&job);
    }
}

static void test_many_errors(void **state)
{
    (void)state;
    char *text = NULL, *shown = NULL;
    size_t size;
    struct job job;
    FILE *file = open_memstream(&text, &size);
    fputs("(patch (output", file);
    for (int i = 0; i < 30; i++)
        fprintf(file, "\n x%d", i);
    fputs("))", file);
    fclose(file);
    job_read(&job, text);
    assert_int_equal(job.diags.count, 30);
    file = open_memstream(&shown, &size);
    diags_print(&job.diags, file);
    fclose(file);
    assert_non_null(strstr(shown, "\nand 10 more\n"));
    job_end(&job);
    free(text);
    free(shown);
}

static void test_json_reports(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size;
    struct job job;
    job_read(&job, "(patch\n  (def wide (pan 1))\n  (output (pan wide)))");
    FILE *file = open_memstream(&text, &size);
    diags_print_json(&job.diags, file);
    fclose(file);
    json_t *report = json_loads(text, 0, NULL);
    json_t *note = json_array_get(json_object_get(report, "notes"), 0);
    assert_string_equal(json_string_value(json_object_get(report, "code")), "E0203");
    assert_int_equal(json_integer_value(json_object_get(report, "line")), 3);
    assert_int_equal(json_integer_value(json_object_get(report, "column")), 16);
    assert_int_equal(json_integer_value(json_object_get(report, "endColumn")), 20);
    assert_string_equal(json_string_value(json_object_get(report, "label")), "this is stereo");
    assert_int_equal(json_integer_value(json_object_get(note, "line")), 2);
    json_decref(report);
    free(text);
    job_end(&job);
}

static void test_explain(void **state)
{
    (void)state;
    FILE *file = fopen("/dev/null", "w");
    assert_int_equal(diag_explain("E0203", file), 0);
    assert_int_equal(diag_explain("e0203", file), 0);
    assert_int_equal(diag_explain("203", file), 0);
    assert_int_equal(diag_explain("E0999", file), -1);
    assert_int_equal(diag_explain("", file), -1);
    assert_int_equal(diag_explain("E", file), -1);
    fclose(file);
}

static char *formatted(const char *text)
{
    struct job job;
    char *out = NULL;
    size_t size;
    job_start(&job, text, strlen(text));
    FILE *file = open_memstream(&out, &size);
    assert_int_equal(format_sx(&job.arena, &job.diags, &job.source, file), 0);
    fclose(file);
    job_end(&job);
    return out;
}

static const char *const commented[] = {
    "; head\n\n\n;two\n(patch ; after\n\n\n  #| block |# (nodes (a (type osc.saw) ; saw\n (freq "
    "1))\n"
    " ; own\n (o (output a)))\n\n ; last\n) ; tail\n; end",
    "(patch #| a\n   b |# (output 1 ; one\n 2 #| two |# 3))",
    "(patch(output(mix 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27)))",
    "( ; odd\n patch (output 1) #| x |#)",
    "(patch\r\n  (output 1 ; carriage\r\n))\r\n",
    ("(patch (output (gain (gain (gain (gain (gain (gain (gain (gain (osc.saw (freq "
     "110)))))))))))\n"
     "\n; c\n\n)"),
};

static void format_is_stable(const char *text)
{
    char *once = formatted(text), *twice = formatted(once);
    assert_string_equal(once, twice);
    same_patch(text, once);
    free(once);
    free(twice);
}

static void test_format(void **state)
{
    (void)state;
    char *text = formatted(spec_sx);
    assert_string_equal(text, spec_sx);
    free(text);
    for (size_t i = 0; i < HAIRY; i++)
        format_is_stable(hairy[i]);
    for (size_t i = 0; i < sizeof commented / sizeof *commented; i++)
        format_is_stable(commented[i]);
    text = formatted(commented[0]);
    assert_string_equal(text, "; head\n\n;two\n(patch ; after\n\n  #| block |#\n  (nodes\n"
                              "    (a\n      (type osc.saw) ; saw\n      (freq 1))\n    ; own\n"
                              "    (o (output a)))\n\n  ; last\n) ; tail\n; end\n");
    free(text);
}

/* `depth` forms in one another around a constant. */
static char *nest(unsigned depth, const char *begin, const char *open, const char *close,
                  const char *end)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    fputs(begin, file);
    for (unsigned i = 0; i < depth; i++)
        fputs(open, file);
    fputs("1", file);
    for (unsigned i = 0; i < depth; i++)
        fputs(close, file);
    fputs(end, file);
    fclose(file);
    return text;
}

static void expect_nested(char *text, int good)
{
    struct job job;
    job_read(&job, text);
    assert_int_equal(job.graph != NULL, good);
    assert_int_equal(reports(&job.diags, E_DEPTH), !good);
    job_end(&job);
    free(text);
}

static void test_depth(void **state)
{
    (void)state;
    expect_nested(nest(254, "(patch (output ", "(gain ", ")", "))"), 1);
    expect_nested(nest(255, "(patch (output ", "(gain ", ")", "))"), 0);
    expect_nested(nest(100000, "(patch (output ", "(gain ", ")", "))"), 0);
    expect_nested(nest(300, "{\"nodes\": ", "[", "]", "}"), 0);
    expect_nested(nest(100000, "{\"nodes\": ", "[", "]", "}"), 0);
}

static void test_size(void **state)
{
    (void)state;
    struct job job;
    job_start(&job, "", (size_t)SOURCE_LIMIT + 1); /* refused before a byte is looked at */
    job.graph = graph_read(&job.arena, &job.diags, &job.source, &sounds);
    assert_null(job.graph);
    assert_true(reports(&job.diags, E_TOO_LARGE));
    job_end(&job);
}

static void test_byte_order_mark(void **state)
{
    (void)state;
    struct job job;
    same_patch("\xef\xbb\xbf(patch (output 1))", "(patch (output 1))");
    same_patch("\xef\xbb\xbf{\"nodes\": {\"o\": {\"type\": \"output\", \"params\": {\"in\": 1}}}}",
               "(patch (nodes (o (output 1))))");
    job_read(&job, "\xef\xbb\xbf(patch \xc3\xa4)");
    struct position at = source_position(&job.source, job.diags.list[0].place.begin);
    assert_true(at.line == 1 && at.column == 8);
    job_end(&job);
}

/* Every allocation fails once, and from then on all do. */
static void failing(const char *text)
{
    long n = 0;
    for (int done = 0; !done; n++) {
        struct job job;
        job_start(&job, text, strlen(text));
        job.arena.fail_after = n;
        job.graph = graph_read(&job.arena, &job.diags, &job.source, &sounds);
        if (job.graph) {
            FILE *file = fopen("/dev/null", "w");
            graph_order(&job.arena, &job.diags, job.graph);
            graph_write_sx(&job.arena, job.graph, file);
            graph_write_json(&job.arena, job.graph, file);
            fclose(file);
        }
        FILE *file = fopen("/dev/null", "w");
        diags_print(&job.diags, file);
        diags_print_json(&job.diags, file);
        format_sx(&job.arena, &job.diags, &job.source, file);
        fclose(file);
        done = !job.arena.failed;
        assert_true(job.graph || job.diags.count || job.arena.failed);
        job_end(&job);
    }
    assert_true(n > 2);
}

static void test_allocation_failure(void **state)
{
    (void)state;
    for (size_t i = 0; i < HAIRY; i++)
        failing(hairy[i]);
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        if (strlen(broken[i].text) > 60)
            failing(broken[i].text);
}

static char *read_text(const char *path)
{
    struct arena arena;
    const char *why;
    arena_init(&arena);
    const struct source *source = source_load(&arena, path, &why);
    char *text = source ? strdup(source->text) : NULL;
    arena_free(&arena);
    return text;
}

static void check_fixture(const char *name)
{
    char path[512], *shown = NULL;
    size_t size;
    const char *why;
    struct job job;
    job_start(&job, "", 0);
    snprintf(path, sizeof path, "fixtures/broken/%s", name);
    const struct source *source = source_load(&job.arena, path, &why);
    assert_non_null(source);
    struct graph *graph = graph_read(&job.arena, &job.diags, source, &sounds);
    if (graph)
        assert_null(graph_order(&job.arena, &job.diags, graph));
    FILE *file = open_memstream(&shown, &size);
    diags_print(&job.diags, file);
    fclose(file);
    strcpy(strrchr(path, '.'), ".txt");
    char *wanted = read_text(path);
    if (!wanted)
        fail_msg("%s is missing", path);
    assert_string_equal(shown, wanted);
    free(shown);
    free(wanted);
    job_end(&job);
}

/* Every code of the front end has a fixture, but for the one that would take 64 MiB. */
static void test_fixtures(void **state)
{
    (void)state;
    static const unsigned codes[] = {
#define DIAG(number, ENUM, title, explanation) number,
#include "text/diagnostics.def"
#undef DIAG
    };
    char seen[400] = {0};
    DIR *folder = opendir("fixtures/broken");
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        unsigned code = *entry->d_name == 'E' ? (unsigned)strtoul(entry->d_name + 1, NULL, 10) : 0;
        if (code < 100 || code >= 400 || strstr(entry->d_name, ".txt") ||
            strstr(entry->d_name, "-score-"))
            continue;
        seen[code] = 1;
        check_fixture(entry->d_name);
    }
    closedir(folder);
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i] < 400 && codes[i] != E_TOO_LARGE && !seen[codes[i]])
            fail_msg("no fixture for E%04u", codes[i]);
}

static void test_schema(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    assert_int_equal(schema_write(file), 0);
    fclose(file);
    json_t *schema = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    json_t *node = json_object_get(json_object_get(schema, "$defs"), "node");
    assert_int_equal(json_array_size(json_object_get(node, "allOf")), vm_module_count + 1);
    json_decref(schema);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spec),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_extras),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_forms_agree),
        cmocka_unit_test(test_order_of_terms),
        cmocka_unit_test(test_computation_order),
        cmocka_unit_test(test_locale),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_no_cascades),
        cmocka_unit_test(test_many_errors),
        cmocka_unit_test(test_json_reports),
        cmocka_unit_test(test_explain),
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_byte_order_mark),
        cmocka_unit_test(test_allocation_failure),
        cmocka_unit_test(test_fixtures),
        cmocka_unit_test(test_schema),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
