/* number.h - numbers as people write them: 440, -6db, 20ms, 50%, a4.
 *
 *   [+-] digits [. digits] [e [+-] digits] [unit]      or a note: c4, c#3, eb4, a-1
 *
 * Values depend neither on the locale nor on the machine's libm. */
#ifndef TEXT_NUMBER_H
#define TEXT_NUMBER_H

#include <stddef.h>

enum number_unit { NUMBER_BARE, NUMBER_HZ, NUMBER_SECONDS, NUMBER_DB, NUMBER_PERCENT };

enum number_status {
    NUMBER_OK,
    NUMBER_NOT,       /* begins like no number at all */
    NUMBER_MALFORMED, /* 1.2.3, 440. */
    NUMBER_NO_UNIT,   /* 440herz; `unit_at` says where the unit begins */
    NUMBER_TOO_LARGE, /* does not fit a double, or longer than a number may be */
};

struct number {
    double value; /* Hz, seconds or plain factor; bare: the number. Never -0 */
    enum number_unit unit;
    size_t unit_at;
};

/* Reads the whole of text. */
enum number_status number_read(const char *text, size_t length, struct number *number);
/* Whether that is anything but NUMBER_NOT. */
int number_begins(const char *text, size_t length);
/* As number_read, a bare number being one of the unit named by the text `unit` ("ms", "db", "%").
 */
enum number_status number_read_in(const char *text, size_t length, const char *unit,
                                  struct number *number);
/* Whether a number written in one unit may stand where another is wanted: a bare one anywhere, dB
 * and percent where either of them or a plain factor is. */
int number_unit_fits(enum number_unit given, enum number_unit wanted);
/* The number of a note in semitones, c4 being 60 as in MIDI, c-1 being 0. 0, or -1: no note. */
int number_note(const char *text, size_t length, int *key);
/* The units there are, for suggestions. */
extern const char *const number_unit_words[];
extern const size_t number_unit_word_count;

/* 2^x within 1 ulp or so, for |x| <= 1000; exact for whole x. */
double number_exp2(double x);
/* 10^(db/20), for |db| <= 1000; exact for multiples of 20 up to 400. */
double number_factor(double db);

enum { NUMBER_TEXT = 40 };

/* The shortest text that reads as value; with shift and unit, as value when 10^shift times the
 * written number is read: (0.02, 3, "ms") gives "20ms". */
const char *number_write(char text[NUMBER_TEXT], double value, int shift, const char *unit);
/* How many significant digits that text has, at most 17. */
unsigned number_digits(double value);
/* A factor in dB, to the nearest thousandth: for people. */
double number_db(double factor);
/* A factor in dB when a text of at most three decimals reads as exactly it, else in %. */
const char *number_write_db(char text[NUMBER_TEXT], double factor);

#endif
