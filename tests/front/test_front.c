/* test_front.c - the front end: reading, checking, laying out, writing, formatting.
 * Run from the repository root. */
#include "compiler/format.h"
#include "compiler/front.h"
#include "compiler/graph.h"
#include "compiler/number.h"
#include "compiler/target/schema.h"
#include <dirent.h>
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
    job->source = (struct source){"tests/front/test.sx", text, size};
    job->graph = NULL;
}

static void job_read(struct job *job, const char *text)
{
    job_start(job, text, strlen(text));
    job->graph = graph_read(&job->arena, &job->diags, &job->source);
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

static void same_term(const struct term *a, const struct term *b)
{
    assert_int_equal(a->kind, b->kind);
    if (a->kind == TERM_CONSTANT)
        assert_memory_equal(&a->value, &b->value, sizeof a->value);
    else if (a->kind == TERM_PARAM)
        assert_int_equal(a->param, b->param);
    else
        assert_true(a->node == b->node && a->port == b->port);
}

static void same_node(const struct node *a, const struct node *b)
{
    assert_string_equal(a->id, b->id);
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

/* Patches with something in them that a writer or the layout could get wrong. */
static const char *const hairy[] = {
    spec_sx,
    spec_json,
    /* a constant after a cable; percent, note, dB and time texts; a forward reference */
    "(patch (nodes (o (type osc.sine) (freq a4 lfo 12 lfo.out))\n"
    "  (lfo (type osc.sine) (freq 5.5hz) (phase 50%)) (p (type pan) (in o) (pos -0.25))\n"
    "  (out (type output) (in 0.125 p) (left p.right) (right -6db))) (connections (lfo -> p)))",
    /* params in every unit */
    "(patch (params (f (unit hz) (range 20 2000) (default 440) (curve exponential) (glide 20ms))\n"
    "  (g (unit db) (range -60 6.5) (default -3)) (h (unit db)) (t (unit ms) (range 1 70))\n"
    "  (r (unit %) (range 0.1 33)) (n (default 0.1)) (gate (unit gate)) (q 440hz) (s 5ms))\n"
    "  (output (gain (osc.saw (freq f)) (amp g (env.adsr (gate gate) (attack t))))))",
    /* nested forms beside written ids of the anonymous pattern */
    "(patch (def saw1 (osc.saw (freq 55))) (def saw3 (osc.saw (freq e2)))\n"
    "  (output (mix (osc.saw) (osc.saw) saw1 (gain (gain saw3) (amp (osc.sine 3)))) ))",
    /* a local patch: constant, sum and default; used twice; sums of its output */
    "(patch (def v (patch (params (pitch (unit hz) (range 20 8000) (default a3)) (w 0.5))\n"
    "    (output (osc.pulse (freq pitch) (width w)) (osc.sine (freq pitch 1)))))\n"
    "  (params (k (unit hz)))\n"
    "  (output (mix 0.5 (v (pitch 440)) (v (pitch k 1hz (osc.sine 5)) (w k)) (v))))",
    /* gates: the voice's, one that is given, one in a sum */
    "(patch (def e (patch (params (gate (unit gate))) (output (gain (env.adsr)\n"
    "    (amp (env.decay (gate gate)) (env.adsr (gate gate (osc.sine 2))))))))\n"
    "  (output (e) (e (gate (osc.phasor 3)))))",
    /* stereo: from a pan, from left and right, one side alone */
    "(patch (def a (patch (output (pan (osc.saw) (pos -1)))))\n"
    "  (def b (patch (output (osc.saw) (left 0.5) (right (osc.sine)))))\n"
    "  (def c (patch (output (left (osc.saw)))))\n"
    "  (def a-one (a)) (def b-one (b)) (def c-one (c))\n"
    "  (output 0.25 a-one b-one (mix a-one.left b-one.right c-one.right) c-one.out))",
    /* an instance that hands its param through to another's */
    "(patch (def id (patch (params (x)) (output x)))\n"
    "  (def twice (patch (params (x)) (output (id (x (id (x x)))))))\n"
    "  (output (twice (x (osc.saw))) (twice (x 0.5))))",
    /* a used file, under its own name and another */
    "(patch (use \"inc/voice.sx\") (use \"inc/voice.sx\" as lead)\n"
    "  (nodes (v1 (type \"voice\") (pitch 440)) (v2 (lead (pitch v1))))\n"
    "  (output (mix v1 v2 (level -3db))))",
    /* a loop through a delay; unusual numbers */
    "(patch (def d (delay.feedback (osc.saw) d (time 1e-3) (feedback 0.1 d)))\n"
    "  (output (gain d (amp 0.30000000000000004 1e-9 123456.789))))",
    "{\"comment\": \"all of it\", \"params\": {\"k\": {\"unit\": \"hz\", \"range\": [20, 2000],"
    " \"default\": 440, \"curve\": \"exponential\", \"glide\": \"20ms\"}, \"m\": \"5ms\"},"
    " \"uses\": [{\"file\": \"inc/voice.sx\", \"as\": \"lead\"}],"
    " \"defs\": {\"d\": {\"nodes\": {\"out\": {\"type\": \"output\", \"params\": {\"in\": 0.5}}}}},"
    " \"nodes\": {\"a\": {\"type\": \"lead\", \"params\": {\"pitch\": [\"k\", \"1hz\", 2.5]}},"
    " \"b\": {\"type\": \"d\", \"comment\": \"half\"},"
    " \"out\": {\"type\": \"output\", \"params\": {\"in\": [\"a\", \"b.out\", 0.25]}}},"
    " \"connections\": [{\"from\": [\"k\"], \"to\": [\"a\", \"pitch\"]}]}",
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

static void test_forms_agree(void **state)
{
    (void)state;
    same_patch("(patch (output (gain (osc.saw (freq 110)) (amp (env.decay (time 200ms))))))",
               "(patch (nodes (saw1 (type \"osc.saw\") (freq 110))\n"
               "  (decay1 (type env.decay) (time 0.2)) (gain1 (type gain) (in saw1) (amp decay1))\n"
               "  (output1 (type output) (in gain1))))");
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

static const struct {
    const char *text;
    enum number_status status;
    double value;
    enum number_unit unit;
} numbers[] = {
    {"440", NUMBER_OK, 440.0, NUMBER_BARE},
    {"-0.5", NUMBER_OK, -0.5, NUMBER_BARE},
    {"+1e-3", NUMBER_OK, 0.001, NUMBER_BARE},
    {"1E+2", NUMBER_OK, 100.0, NUMBER_BARE},
    {"0.1", NUMBER_OK, 0.1, NUMBER_BARE},
    {"007.250", NUMBER_OK, 7.25, NUMBER_BARE},
    {"123456789012345678901234567890", NUMBER_OK, 123456789012345678901234567890.0, NUMBER_BARE},
    {"0.70710678118654752440", NUMBER_OK, 0.70710678118654752440, NUMBER_BARE},
    {"4.9e-324", NUMBER_OK, 4.9e-324, NUMBER_BARE},
    {"440Hz", NUMBER_OK, 440.0, NUMBER_HZ},
    {"1.2khz", NUMBER_OK, 1200.0, NUMBER_HZ},
    {"5ms", NUMBER_OK, 0.005, NUMBER_SECONDS},
    {"1.1MS", NUMBER_OK, 0.0011, NUMBER_SECONDS},
    {"250us", NUMBER_OK, 0.00025, NUMBER_SECONDS},
    {"2s", NUMBER_OK, 2.0, NUMBER_SECONDS},
    {"1e1s", NUMBER_OK, 10.0, NUMBER_SECONDS},
    {"50%", NUMBER_OK, 0.5, NUMBER_PERCENT},
    {"33.3%", NUMBER_OK, 0.333, NUMBER_PERCENT},
    {"0db", NUMBER_OK, 1.0, NUMBER_DB},
    {"20dB", NUMBER_OK, 10.0, NUMBER_DB},
    {"-40db", NUMBER_OK, 0.01, NUMBER_DB},
    {"-120db", NUMBER_OK, 1e-6, NUMBER_DB},
    {"a4", NUMBER_OK, 440.0, NUMBER_HZ},
    {"A-1", NUMBER_OK, 13.75, NUMBER_HZ},
    {"a10", NUMBER_OK, 28160.0, NUMBER_HZ},
    {"", NUMBER_NOT, 0, NUMBER_BARE},
    {"-", NUMBER_NOT, 0, NUMBER_BARE},
    {"->", NUMBER_NOT, 0, NUMBER_BARE},
    {"db", NUMBER_NOT, 0, NUMBER_BARE},
    {"a11", NUMBER_NOT, 0, NUMBER_BARE},
    {"h4", NUMBER_NOT, 0, NUMBER_BARE},
    {"nan", NUMBER_NOT, 0, NUMBER_BARE},
    {"inf", NUMBER_NOT, 0, NUMBER_BARE},
    {".5", NUMBER_MALFORMED, 0, NUMBER_BARE},
    {"440.", NUMBER_MALFORMED, 0, NUMBER_BARE},
    {"1.2.3", NUMBER_MALFORMED, 0, NUMBER_BARE},
    {"1e3.5", NUMBER_MALFORMED, 0, NUMBER_BARE},
    {"440herz", NUMBER_NO_UNIT, 0, NUMBER_BARE},
    {"0x10", NUMBER_NO_UNIT, 0, NUMBER_BARE},
    {"1e", NUMBER_NO_UNIT, 0, NUMBER_BARE},
    {"1e309", NUMBER_TOO_LARGE, 0, NUMBER_BARE},
    {"1e306khz", NUMBER_TOO_LARGE, 0, NUMBER_BARE},
    {"2000db", NUMBER_TOO_LARGE, 0, NUMBER_BARE},
};

static void check_numbers(void)
{
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct number number;
        assert_int_equal(number_read(numbers[i].text, strlen(numbers[i].text), &number),
                         numbers[i].status);
        if (numbers[i].status != NUMBER_OK)
            continue;
        assert_memory_equal(&number.value, &numbers[i].value, sizeof(double));
        assert_int_equal(number.unit, numbers[i].unit);
    }
}

static void test_numbers(void **state)
{
    (void)state;
    check_numbers();
}

/* A host program may have set a locale whose decimal point is a comma. */
static void test_numbers_in_a_locale(void **state)
{
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "de_DE", "fr_FR.UTF-8", "fr_FR"};
    const char *set = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && !set; i++)
        set = setlocale(LC_ALL, names[i]);
    if (!set)
        skip();
    check_numbers();
    round_trip(hairy[2], graph_write_sx);
    round_trip(hairy[2], graph_write_json);
    setlocale(LC_ALL, "C");
}

static void near(const char *text, double wanted)
{
    struct number number;
    assert_int_equal(number_read(text, strlen(text), &number), NUMBER_OK);
    double error = (number.value - wanted) / wanted;
    assert_true(error > -4e-16 && error < 4e-16);
}

/* Published values: equal temperament at a4 = 440 Hz, and 10^(x/20), to the last digit or so. */
static void test_notes_and_decibels(void **state)
{
    (void)state;
    near("c4", 261.62556530059863467784999);
    near("c#3", 138.59131548843604189698467);
    near("db3", 138.59131548843604189698467);
    near("eb4", 311.12698372208091073626972);
    near("bb3", 233.08188075904495848427103);
    near("b3", 246.94165062806205590283066);
    near("-6db", 0.50118723362727228500155418688);
    near("-3db", 0.70794578438413791080221494218);
    near("6.5db", 2.1134890398366464910943287);
    near("-90db", 0.0000316227766016837933199889354);
    assert_true(number_exp2(10.0) == 1024.0 && number_exp2(-1.0) == 0.5);
}

static void test_number_writing(void **state)
{
    (void)state;
    static const struct {
        double value;
        int shift;
        const char *unit, *text;
    } rows[] = {
        {440.0, 0, "", "440"},       {0.5, 0, "", "0.5"},          {-0.001, 0, "", "-0.001"},
        {0.02, 3, "ms", "20ms"},     {0.0011, 3, "ms", "1.1ms"},   {1e30, 0, "", "1e30"},
        {1.5e-9, 0, "", "1.5e-9"},   {123456.789, 0, "", "123456.789"}, {0.0, 0, "", "0"},
        {0.00001, 0, "", "0.00001"}, {1e15, 0, "", "1000000000000000"}, {0.5, 2, "%", "50%"},
    };
    char text[NUMBER_TEXT];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(number_write(text, rows[i].value, rows[i].shift, rows[i].unit),
                            rows[i].text);
    assert_string_equal(number_write_db(text, number_factor(-6.5)), "-6.5db");
    struct number number;
    double factor = 0.123456789;
    number_write_db(text, factor);
    assert_int_equal(number_read(text, strlen(text), &number), NUMBER_OK);
    assert_memory_equal(&number.value, &factor, sizeof factor);
}

/* Beyond the fixtures: other ways to the same codes. */
static const struct {
    enum diag_code code;
    const char *text;
} broken[] = {
    {E_NOT_A_PATCH, ""},
    {E_NOT_A_PATCH, "; nothing\n"},
    {E_NOT_A_PATCH, "(patch (output 1)) (patch (output 1))"},
    {E_STRING, "(patch \"\\q\")"},
    {E_COMMENT, "(patch #| #| |# (output 1))"},
    {E_NUMBER, "(patch (output 1e999))"},
    {E_NUMBER, "{\"nodes\": {\"o\": {\"type\": \"output\", \"params\": {\"in\": 1e999}}}}"},
    {E_NUMBER, "{\"nodes\": {\"o\": {\"type\": \"output\","
               " \"params\": {\"in\": 9007199254740993}}}}"},
    {E_NUMBER, "{\"nodes\": {\"o\": {\"type\": \"output\","
               " \"params\": {\"in\": 99999999999999999999}}}}"},
    {E_JSON_SYNTAX, "{\"nodes\": {}} x"},
    {E_JSON_SYNTAX, "{\"nodes\": {\"o\": {\"type\": \"output\", \"params\": {\"in\": NaN}}}}"},
    {E_JSON_SYNTAX, "{"},
    {E_JSON_SHAPE, "{\"nodes\": {\"o\": \"output\"}}"},
    {E_JSON_SHAPE, "{\"nodes\": {\"o\": {\"type\": 3}}}"},
    {E_JSON_SHAPE, "{\"nodes\": {\"o\": {\"type\": \"output\", \"params\": {\"in\": null}}}}"},
    {E_JSON_KEY, "{\"nodes\": {}, \"conections\": []}"},
    {E_SHAPE, "(patch 440)"},
    {E_SHAPE, "(patch ())"},
    {E_SHAPE, "(patch (nodes a))"},
    {E_SHAPE, "(patch (def x) (output 1))"},
    {E_SHAPE, "(patch (use 5) (output 1))"},
    {E_SHAPE, "(patch (use \"a.sx\" for b) (output 1))"},
    {E_SHAPE, "(patch (output (\"x\" 1)) (output \"y\"))"},
    {E_SHAPE, "(patch (output (in)))"},
    {E_SHAPE, "(patch (nodes (o (type a b))))"},
    {E_SHAPE, "(patch (params (k (range 1))) (output k))"},
    {E_SHAPE, "(patch (nodes (o (output 1))) (connections (o x y -> o)))"},
    {E_SHAPE, "(patch (nodes (o (output 1))) (connections (-> o)))"},
    {E_SHAPE, "{\"nodes\": {\"o\": {\"type\": \"output\", \"params\": {\"in\": \"a b\"}}}}"},
    {E_NO_TYPE, "(patch (nodes (o)))"},
    {E_KIND, "(patch (params (gate (unit gate))) (output gate))"},
    {E_KIND, "(patch (params (gate (unit gate))) (nodes (o (type output)))\n"
             "  (connections (gate -> o)))"},
    {E_KIND, "(patch (def s (patch (output (left 1)))) (output (gain (s))))"},
    {E_KIND, "(patch (def s (patch (params (x)) (output x))) (output (s (x (pan 1)))))"},
    {E_UNKNOWN_MODULE, "(patch (nodse (o (output 1))))"},
    {E_UNKNOWN_MODULE, "(patch (nodes (o (type outptu))))"},
    {E_UNKNOWN_INPUT, "(patch (output (osc.sine (frequency 1))))"},
    {E_UNKNOWN_INPUT, "(patch (output (noise.white 1)))"},
    {E_UNKNOWN_INPUT, "(patch (params (k)) (nodes (o (output 1))) (connections (o -> k)))"},
    {E_UNKNOWN_INPUT, "(patch (def s (patch (params (x)) (output x))) (output (s (y 1))))"},
    {E_UNKNOWN_OUTPUT, "(patch (params (k)) (output k.out))"},
    {E_UNKNOWN_OUTPUT, "(patch (def s (patch (output 1))) (def a (s)) (output a.top))"},
    {E_UNKNOWN_NODE, "(patch (output (osc.saw) saw1))"},
    {E_UNKNOWN_NODE, "(patch (output .out))"},
    {E_DUPLICATE_ID, "(patch (params (k)) (def k (osc.saw)) (output k))"},
    {E_DUPLICATE_ID, "(patch (def s (patch (output (osc.saw)))) (nodes (a (s)) (a/saw1 (osc.saw)))\n"
                     "  (output a))"},
    {E_INPUT_TWICE, "(patch (nodes (o (type output) (type output) (in 1))))"},
    {E_INPUT_TWICE, "(patch (output 1 (in 2)))"},
    {E_INPUT_TWICE, "(patch (params (k (unit hz) (unit hz))) (output k))"},
    {E_BAD_ID, "(patch (def type (osc.saw)) (output 1))"},
    {E_BAD_ID, "(patch (def x.y (osc.saw)) (output 1))"},
    {E_BAD_ID, "(patch (params (5 (unit hz))) (output 1))"},
    {E_BAD_ID, "{\"nodes\": {\"my out\": {\"type\": \"output\", \"params\": {\"in\": 1}}}}"},
    {E_BAD_ID, "(patch (use \"inc/a4.sx\") (output (a4)))"},
    {E_UNIT, "(patch (output (osc.saw 5ms)))"},
    {E_UNIT, "(patch (output (osc.saw (gain 440hz))))"},
    {E_UNIT, "(patch (params (k (unit s) (default 5hz))) (output k))"},
    {E_UNIT, "(patch (def s (patch (params (t (unit s))) (output t))) (output (s (t a4))))"},
    {E_RANGE, "(patch (output (osc.saw 25khz)))"},
    {E_RANGE, "(patch (def s (patch (params (t (range 0 1))) (output t))) (output (s (t 2))))"},
    {E_STATIC, "(patch (params (k (unit s))) (output (delay.feedback 1 (max k))))"},
    {E_PARAM_FIELD, "(patch (params (k (units hz))) (output k))"},
    {E_PARAM_RANGE, "(patch (params (k (range 2 1))) (output k))"},
    {E_PARAM_RANGE, "(patch (params (k (range 0 1) (default 2))) (output k))"},
    {E_PARAM_RANGE, "(patch (params (k (range 0 1e12))) (output k))"},
    {E_PARAM_RANGE, "(patch (params (k (glide -1s))) (output k))"},
    {E_GATE_PARAM, "(patch (params (gate 440hz)) (output gate))"},
    {E_OUTPUT_SOURCE, "(patch (nodes (o (output 1)) (g (gain 1))) (connections (o -> g)))"},
    {E_OUTPUT_SOURCE, "(patch (output (output 1)))"},
    {E_USE_FILE, "(patch (use \"inc\") (output (inc)))"},
    {E_USE_CYCLE, "(patch (def s (patch (output (s)))) (output (s)))"},
    {E_TYPE_TWICE, "(patch (def gain (patch (output 1))) (output (gain 1)))"},
    {E_UNUSED, "(patch (def s (patch (output 1))) (output 1))"},
    {E_USE_FIT, "(patch (params (k (unit hz))) (def s (patch (params (x)) (output (env.decay\n"
                "  (time x))))) (output (s (x k))))"},
    {E_CYCLE, "(patch (def a (gain a)) (output a))"},
    {E_CYCLE, "(patch (def d (delay.feedback (osc.saw) (time d))) (output d))"},
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
        "(patch (nodes (a (type osc.sin) (freq 3)) (g (type gain)) (o (type output)))\n"
        "  (connections (a \"out\" -> g \"in\") (g \"out\" -> o \"in\")))",
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
    job_read(&job, "(patch\n  (def wide (pan 1))\n  (output (gain wide)))");
    FILE *file = open_memstream(&text, &size);
    diags_print_json(&job.diags, file);
    fclose(file);
    json_t *report = json_loads(text, 0, NULL);
    json_t *note = json_array_get(json_object_get(report, "notes"), 0);
    assert_string_equal(json_string_value(json_object_get(report, "code")), "E0203");
    assert_int_equal(json_integer_value(json_object_get(report, "line")), 3);
    assert_int_equal(json_integer_value(json_object_get(report, "column")), 17);
    assert_int_equal(json_integer_value(json_object_get(report, "endColumn")), 21);
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
    "; head\n\n\n;two\n(patch ; after\n\n\n  #| block |# (nodes (a (type osc.saw) ; saw\n (freq 1))\n"
    " ; own\n (o (output a)))\n\n ; last\n) ; tail\n; end",
    "(patch #| a\n   b |# (output 1 ; one\n 2 #| two |# 3))",
    "(patch(output(mix 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27)))",
    "( ; odd\n patch (output 1) #| x |#)",
    "(patch\r\n  (output 1 ; carriage\r\n))\r\n",
    "(patch (output (gain (gain (gain (gain (gain (gain (gain (gain (osc.saw (freq 110)))))))))))\n"
    "\n; c\n\n)",
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
    job.graph = graph_read(&job.arena, &job.diags, &job.source);
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
        job.graph = graph_read(&job.arena, &job.diags, &job.source);
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
    assert_true(n > 20);
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
    struct graph *graph = graph_read(&job.arena, &job.diags, source);
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
#include "compiler/diagnostics.def"
#undef DIAG
    };
    char seen[400] = {0};
    DIR *folder = opendir("fixtures/broken");
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        unsigned code = *entry->d_name == 'E' ? (unsigned)strtoul(entry->d_name + 1, NULL, 10) : 0;
        if (code < 100 || code >= 400 || strstr(entry->d_name, ".txt"))
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
    assert_int_equal(json_array_size(json_object_get(node, "allOf")), vm_module_count);
    json_decref(schema);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spec),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_forms_agree),
        cmocka_unit_test(test_order_of_terms),
        cmocka_unit_test(test_computation_order),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_numbers_in_a_locale),
        cmocka_unit_test(test_notes_and_decibels),
        cmocka_unit_test(test_number_writing),
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
