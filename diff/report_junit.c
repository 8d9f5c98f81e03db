#include "diff/report.h"

/* XML 1.0 takes no control characters but blanks, and no bytes that are not UTF-8: these become
 * '?'. In an attribute blanks other than ' ' would be made one. */
static size_t utf8_length(const unsigned char *s)
{
    size_t n = s[0] < 0x80                   ? 1
               : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
               : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
               : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
                                             : 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
    bool beyond = (s[0] == 0xed && s[1] >= 0xa0) || (s[0] == 0xf4 && s[1] >= 0x90);
    bool no_character = s[0] == 0xef && s[1] == 0xbf && s[2] >= 0xbe;
    return overlong || beyond || no_character ? 0 : n;
}

static void escaped(const char *text, bool attribute, FILE *file)
{
    for (const unsigned char *s = (const unsigned char *)text; *s;) {
        size_t n = utf8_length(s);
        bool newline = *s == '\n' || *s == '\t';
        if (*s == '&')
            fputs("&amp;", file);
        else if (*s == '<')
            fputs("&lt;", file);
        else if (*s == '>')
            fputs("&gt;", file);
        else if (*s == '"')
            fputs("&quot;", file);
        else if (newline && attribute)
            fprintf(file, "&#%d;", *s);
        else if (n == 0 || (*s < ' ' && !newline) || *s == 127)
            fputc('?', file);
        else
            fwrite(s, 1, n, file);
        s += n ? n : 1;
    }
}

static void write_case(const char *suite, const struct junit_case *c, FILE *file)
{
    const char *kind = c->trouble ? "error" : "failure";
    fputs("    <testcase classname=\"", file);
    escaped(suite, true, file);
    fputs("\" name=\"", file);
    escaped(c->name, true, file);
    if (!c->failure) {
        fputs("\"/>\n", file);
        return;
    }
    fprintf(file, "\">\n      <%s message=\"", kind);
    escaped(c->failure, true, file);
    fputs("\">", file);
    escaped(c->details ? c->details : "", false, file);
    fprintf(file, "</%s>\n    </testcase>\n", kind);
}

void report_junit(const char *suite, const struct junit_case *cases, size_t count, FILE *file)
{
    size_t failures = 0, errors = 0;
    for (size_t i = 0; i < count; i++) {
        failures += cases[i].failure && !cases[i].trouble;
        errors += cases[i].failure && cases[i].trouble;
    }
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", file);
    fprintf(file, "<testsuites tests=\"%zu\" failures=\"%zu\" errors=\"%zu\">\n", count, failures,
            errors);
    fputs("  <testsuite name=\"", file);
    escaped(suite, true, file);
    fprintf(file, "\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\">\n", count, failures, errors);
    for (size_t i = 0; i < count; i++)
        write_case(suite, &cases[i], file);
    fputs("  </testsuite>\n</testsuites>\n", file);
}
