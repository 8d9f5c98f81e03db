#define _XOPEN_SOURCE 700 /* realpath */
#include "diff/project.h"
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEEPEST = 64, HEAD = 1024 };

enum render_status name_list_add(struct name_list *l, struct work *w, const char *name,
                                 struct render_error *error)
{
    if (arena_grow(&w->arena, (void **)&l->names, &l->room, l->count + 1, sizeof *l->names))
        return work_no_memory(error);
    l->names[l->count] = arena_copy(&w->arena, name, strlen(name));
    return l->names[l->count++] ? RENDER_OK : work_no_memory(error);
}

enum render_status name_list_add_real(struct name_list *l, struct work *w, const char *path,
                                      struct render_error *error)
{
    char *real = realpath(path, NULL);
    enum render_status status = name_list_add(l, w, real ? real : path, error);
    free(real);
    return status;
}

bool project_covers(const struct name_list *used, const char *source)
{
    char *real = realpath(source, NULL);
    bool found = false;
    for (size_t i = 0; real && i < used->count && !found; i++)
        found = strcmp(used->names[i], real) == 0;
    free(real);
    return found;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort(struct name_list *l)
{
    if (l->count > 1)
        qsort(l->names, l->count, sizeof *l->names, by_name);
}

static bool ends_in(const char *path, const char *end)
{
    size_t length = strlen(path), tail = strlen(end);
    return length > tail && strcmp(path + length - tail, end) == 0;
}

/* ---- what is ignored ---- */

/* The folder's own lines and those of the folders above it. */
struct ignored {
    const struct ignored *above;
    const char *folder;
    struct name_list globs;
};

static enum render_status read_ignored(struct ignored *i, struct work *w,
                                       struct render_error *error)
{
    char line[1024];
    char *path = arena_format(&w->arena, "%s/golden.ignore", i->folder);
    FILE *file = path ? fopen(path, "rb") : NULL;
    enum render_status status = path ? RENDER_OK : work_no_memory(error);
    while (file && status == RENDER_OK && fgets(line, sizeof line, file)) {
        size_t length = strcspn(line, "\r\n");
        while (length > 0 && line[length - 1] == ' ')
            length--;
        line[length] = '\0';
        if (length > 0 && line[0] != '#')
            status = name_list_add(&i->globs, w, line, error);
    }
    if (file)
        fclose(file);
    return status;
}

static bool matches(const char *glob, const char *path, bool folder)
{
    char text[1024];
    size_t length = strlen(glob);
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    if (length >= sizeof text)
        return false;
    memcpy(text, glob, length + 1);
    if (text[length - 1] == '/') {
        if (!folder)
            return false;
        text[length - 1] = '\0';
    }
    return fnmatch(text, path, FNM_PATHNAME) == 0 ||
           (!strchr(text, '/') && fnmatch(text, name, 0) == 0);
}

static bool is_ignored(const struct ignored *i, const char *path, bool folder)
{
    for (; i; i = i->above) {
        const char *from_there = path + (strcmp(i->folder, ".") == 0 ? 0 : strlen(i->folder) + 1);
        for (size_t k = 0; k < i->globs.count; k++)
            if (matches(i->globs.names[k], from_there, folder))
                return true;
    }
    return false;
}

/* ---- what there is ---- */

/* The first character that says anything, and whether text comes early. */
static bool begins(const char *path, char first, const char *has)
{
    char head[HEAD + 1] = {0};
    FILE *file = fopen(path, "rb");
    size_t got = file ? fread(head, 1, HEAD, file) : 0;
    if (file)
        fclose(file);
    head[got] = '\0';
    return head[strspn(head, " \t\r\n")] == first && (!has || strstr(head, has));
}

static bool wants_golden(const char *path)
{
    if (ends_in(path, ".sx") || ends_in(path, ".mid") || ends_in(path, ".midi"))
        return true;
    if (ends_in(path, ".json"))
        return begins(path, '{', "\"nodes\"");
    return ends_in(path, ".jsonl") && begins(path, '[', NULL);
}

static bool has_golden(struct work *w, const char *path, const char *end)
{
    char *golden = arena_format(&w->arena, "%.*s.golden", (int)(strlen(path) - strlen(end)), path);
    return !golden || access(golden, F_OK) == 0;
}

static enum render_status take_file(struct project *p, struct work *w, const char *path,
                                    struct render_error *error)
{
    static const char *const ours[] = {".ladder.gz", ".listing"};
    if (ends_in(path, ".golden"))
        return name_list_add(&p->goldens, w, path, error);
    for (size_t i = 0; i < 2; i++)
        if (ends_in(path, ours[i]) && !has_golden(w, path, ours[i]))
            return name_list_add(&p->leftover, w, path, error);
    return wants_golden(path) ? name_list_add(&p->sources, w, path, error) : RENDER_OK;
}

static enum render_status add_folder(struct project *p, struct work *w, const char *folder,
                                     const struct ignored *above, int depth,
                                     struct render_error *error);

/* Links are followed to files, not to folders: no folder is met twice. */
static enum render_status take_entry(struct project *p, struct work *w, const char *path,
                                     const struct ignored *ignored, int depth,
                                     struct render_error *error)
{
    struct stat info, link;
    if (stat(path, &info) || lstat(path, &link))
        return RENDER_OK;
    bool folder = S_ISDIR(info.st_mode);
    if (is_ignored(ignored, path, folder) || (folder && S_ISLNK(link.st_mode)))
        return RENDER_OK;
    if (folder)
        return add_folder(p, w, path, ignored, depth + 1, error);
    return S_ISREG(info.st_mode) ? take_file(p, w, path, error) : RENDER_OK;
}

static enum render_status add_folder(struct project *p, struct work *w, const char *folder,
                                     const struct ignored *above, int depth,
                                     struct render_error *error)
{
    struct ignored ignored = {.above = above, .folder = folder};
    DIR *dir = depth < DEEPEST ? opendir(folder) : NULL;
    if (!dir) {
        render_fail(error, RENDER_TROUBLE, "%s: cannot read: %s", folder,
                    depth < DEEPEST ? strerror(errno) : "folders are nested too deeply");
        if (errno == ENOTDIR)
            render_help(error, "check takes folders; patchdiff diff NAME looks at one golden");
        return RENDER_TROUBLE;
    }
    enum render_status status = read_ignored(&ignored, w, error);
    for (struct dirent *e; status == RENDER_OK && (e = readdir(dir));) {
        char *path = strcmp(folder, ".") == 0 ? arena_copy(&w->arena, e->d_name, strlen(e->d_name))
                                              : arena_format(&w->arena, "%s/%s", folder, e->d_name);
        if (!path)
            status = work_no_memory(error);
        else if (e->d_name[0] != '.')
            status = take_entry(p, w, path, &ignored, depth, error);
        if (status == RENDER_OK)
            status = work_go_on(error);
    }
    closedir(dir);
    return status;
}

enum render_status project_add(struct project *p, struct work *w, const char *folder,
                               struct render_error *error)
{
    size_t length = strlen(folder);
    while (length > 1 && folder[length - 1] == '/')
        length--;
    char *plain = arena_copy(&w->arena, folder, length);
    if (!plain)
        return work_no_memory(error);
    enum render_status status = add_folder(p, w, plain, NULL, 0, error);
    sort(&p->goldens);
    sort(&p->sources);
    sort(&p->leftover);
    return status;
}
