/* error.h - what went wrong, for a person. */
#ifndef RENDER_ERROR_H
#define RENDER_ERROR_H

enum render_status {
    RENDER_OK,
    RENDER_WRONG,      /* the input is: a sample that is not a number */
    RENDER_TROUBLE,    /* I/O or memory */
    RENDER_INTERRUPTED /* stopped on request; text is empty */
};

struct render_error {
    enum render_status status;
    char text[600]; /* lower case, no full stop, without the program's name */
    char help[160]; /* a line of advice, or empty */
};

/* Fills the error and returns the status. */
enum render_status render_fail(struct render_error *, enum render_status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void render_help(struct render_error *, const char *help);

#endif
