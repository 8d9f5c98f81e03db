/* faults - a library to preload that lets a program's calls fail, one in turn or all from one on.
 *
 *   FAULTS=CLASS:N[+]:WHAT   the N-th call of the class (from 1; +: and every later one) gives WHAT
 *   FAULTS_LOG=FILE          at the end: how many calls of each class there were, whether the fault
 *                            was met, what memory was not freed and which files were not closed
 *   FAULTS_NAMED=1           the file system has no files without a name (O_TMPFILE)
 *   FAULTS_MAIN=1            only until main returns: a program built with --coverage then writes
 *                            what it counted
 *
 * A class is one of those below, or `any`. WHAT is the name of an errno; `short` (half of what was
 * asked for is read or written); `end` (a read finds the file at its end); or a signal, which
 * comes just before the call.
 *
 * Allocations are met by taking malloc's place. Calls of the system are met in the kernel: a
 * filter (seccomp) turns each into a SIGSYS, in whose handler the call is made or refused. So
 * those of the C library's own streams and of libraries are met, too. Calls on standard error are
 * let alone, for the message must be seen. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum class { ALLOC, THREAD, OPEN, READ, WRITE, SEEK, STAT, CLOSE, NAME, OTHER, CLASSES, ANY };
static const char *const class_names[] = {"alloc", "thread", "open", "read",  "write", "seek",
                                          "stat",  "close",  "name", "other", "",      "any"};

/* ---- the fault ---- */

enum what { NOTHING, FAIL, SHORT, END, SIGNAL };
static struct {
    enum class class;
    long number;
    bool on; /* and every later one */
    enum what what;
    int error, signal;
} fault;
static atomic_long calls[CLASSES], all_calls, met;
static atomic_bool started, over;
static bool only_named, only_main;

static const struct {
    const char *name;
    int number;
} errors[] = {{"ENOMEM", ENOMEM}, {"EIO", EIO},       {"ENOSPC", ENOSPC}, {"EPIPE", EPIPE},
              {"EINTR", EINTR},   {"ENOENT", ENOENT}, {"EACCES", EACCES}, {"EMFILE", EMFILE},
              {"EAGAIN", EAGAIN}, {"EDQUOT", EDQUOT}, {"ESTALE", ESTALE}};
static const struct {
    const char *name;
    int number;
} signals[] = {{"SIGINT", SIGINT}, {"SIGTERM", SIGTERM}, {"SIGHUP", SIGHUP}};

static void bad_usage(const char *text)
{
    dprintf(2, "faults: cannot make sense of FAULTS=%s\n", text);
    _exit(99);
}

static void read_what(const char *what, const char *text)
{
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (strcmp(what, errors[i].name) == 0) {
            fault.what = FAIL;
            fault.error = errors[i].number;
        }
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        if (strcmp(what, signals[i].name) == 0) {
            fault.what = SIGNAL;
            fault.signal = signals[i].number;
        }
    if (strcmp(what, "short") == 0)
        fault.what = SHORT;
    if (strcmp(what, "end") == 0)
        fault.what = END;
    if (fault.what == NOTHING)
        bad_usage(text);
}

static void read_fault(const char *text)
{
    char class[16] = "";
    char what[16] = "";
    int used = 0;
    if (sscanf(text, "%15[a-z]:%ld%n", class, &fault.number, &used) != 2)
        bad_usage(text);
    fault.on = text[used] == '+';
    if (sscanf(text + used + fault.on, ":%15s", what) != 1)
        bad_usage(text);
    fault.class = CLASSES;
    for (int i = 0; i <= ANY; i++)
        if (i != CLASSES && strcmp(class, class_names[i]) == 0)
            fault.class = (enum class)i;
    if (fault.class == CLASSES)
        bad_usage(text);
    read_what(what, text);
}

/* Counts a call and says what happens to it. */
static enum what meet(enum class class)
{
    if (over)
        return NOTHING;
    long of_class = atomic_fetch_add(&calls[class], 1) + 1;
    long of_all = atomic_fetch_add(&all_calls, 1) + 1;
    long number = fault.class == ANY ? of_all : fault.class == class ? of_class : 0;
    if (fault.what == NOTHING || number < fault.number || (number > fault.number && !fault.on))
        return NOTHING;
    atomic_fetch_add(&met, 1);
    return fault.what;
}

/* ---- calls of the system ---- */

long faults_call(long number, long a, long b, long c, long d, long e, long f);
extern const char faults_gate[];

/* The one place the filter lets through: `faults_gate` is where the kernel was called from. */
#ifdef __x86_64__
__asm__(".text\n.globl faults_call, faults_gate\n.hidden faults_call, faults_gate\n"
        "faults_call:\n"
        "mov %rdi, %rax\nmov %rsi, %rdi\nmov %rdx, %rsi\nmov %rcx, %rdx\n"
        "mov %r8, %r10\nmov %r9, %r8\nmov 8(%rsp), %r9\n"
        "syscall\n"
        "faults_gate: ret\n");
#define ARCH AUDIT_ARCH_X86_64
#define ARGUMENT(m, i)                                                                             \
    ((m)->gregs[(const int[]){REG_RDI, REG_RSI, REG_RDX, REG_R10, REG_R8, REG_R9}[i]])
#define RESULT(m) ((m)->gregs[REG_RAX])
#else
__asm__(".text\n.globl faults_call, faults_gate\n.hidden faults_call, faults_gate\n"
        "faults_call:\n"
        "mov x8, x0\nmov x0, x1\nmov x1, x2\nmov x2, x3\nmov x3, x4\nmov x4, x5\nmov x5, x6\n"
        "svc #0\n"
        "faults_gate: ret\n");
#define ARCH           AUDIT_ARCH_AARCH64
#define ARGUMENT(m, i) ((m)->regs[i])
#define RESULT(m)      ((m)->regs[0])
#endif

static const struct call {
    long number;
    enum class class;
    bool of_file; /* its first argument is one */
} table[] = {
    {SYS_read, READ, true},        {SYS_pread64, READ, true},    {SYS_readv, READ, true},
    {SYS_write, WRITE, true},      {SYS_pwrite64, WRITE, true},  {SYS_writev, WRITE, true},
    {SYS_openat, OPEN, false},     {SYS_lseek, SEEK, true},      {SYS_fstat, STAT, true},
    {SYS_newfstatat, STAT, false}, {SYS_faccessat, STAT, false}, {SYS_readlinkat, STAT, false},
    {SYS_close, CLOSE, true},      {SYS_linkat, NAME, false},    {SYS_renameat, NAME, false},
    {SYS_renameat2, NAME, false},  {SYS_fsync, OTHER, true},     {SYS_fdatasync, OTHER, true},
    {SYS_ftruncate, OTHER, true},  {SYS_fchmod, OTHER, true},    {SYS_dup, OTHER, true},
    {SYS_fallocate, OTHER, true},  {SYS_mkdirat, OTHER, false},
#ifdef __x86_64__
    {SYS_open, OPEN, false},       {SYS_stat, STAT, false},      {SYS_lstat, STAT, false},
    {SYS_access, STAT, false},     {SYS_readlink, STAT, false},  {SYS_link, NAME, false},
    {SYS_rename, NAME, false},     {SYS_mkdir, OTHER, false},
#endif
};
enum { TABLE = sizeof table / sizeof table[0] };

static bool moves_bytes(enum class class)
{
    return class == READ || class == WRITE;
}

static void on_call(int number, siginfo_t *info, void *context)
{
    (void)number;
    mcontext_t *m = &((ucontext_t *)context)->uc_mcontext;
    const struct call *call = table;
    while (call->number != info->si_syscall)
        call++;
    long a[6];
    for (int i = 0; i < 6; i++)
        a[i] = (long)ARGUMENT(m, i);
    if (only_named && call->number == SYS_openat && (a[2] & O_TMPFILE) == O_TMPFILE) {
        RESULT(m) = -EOPNOTSUPP;
        return;
    }
    enum what what = call->of_file && a[0] == STDERR_FILENO ? NOTHING : meet(call->class);
    bool plain = call->number != SYS_readv && call->number != SYS_writev;
    long result = 0;
    if (what == SIGNAL)
        faults_call(SYS_kill, getpid(), fault.signal, 0, 0, 0, 0);
    if (what == SHORT && moves_bytes(call->class) && plain && a[2] > 1)
        a[2] /= 2;
    if (what == FAIL)
        result = -fault.error;
    /* A close that fails has closed. */
    if (what != FAIL || call->class == CLOSE)
        if (what != END || call->class != READ)
            result = faults_call(call->number, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (what == FAIL && call->class == CLOSE)
        result = -fault.error;
    RESULT(m) = result;
}

static void filter_calls(void)
{
    struct sigaction action = {.sa_sigaction = on_call, .sa_flags = SA_SIGINFO | SA_NODEFER};
    uint64_t gate = (uint64_t)(uintptr_t)faults_gate;
    struct sock_filter filter[TABLE + 9];
    unsigned n = 0;
    const unsigned ip = offsetof(struct seccomp_data, instruction_pointer);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ip);
    filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)gate, 0, 3);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ip + 4);
    filter[n++] =
        (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(gate >> 32), 0, 1);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    filter[n++] =
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (unsigned i = 0; i < TABLE; i++)
        filter[n++] = (struct sock_filter)BPF_JUMP(
            BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)table[i].number, (uint8_t)(TABLE - i), 0);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
    struct sock_fprog program = {(unsigned short)n, filter};
    if (sigaction(SIGSYS, &action, NULL) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
        dprintf(2, "faults: no filter for calls of the system: %s\n", strerror(errno));
        _exit(98);
    }
}

/* ---- whose code calls ---- */

enum { MODULES = 64 };
static struct {
    uintptr_t begin, end;
    const char *name;
} modules[MODULES];
static unsigned module_count;

static int add_module(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    (void)context;
    const char *slash = strrchr(info->dlpi_name, '/');
    for (int i = 0; i < info->dlpi_phnum && module_count < MODULES; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X))
            continue;
        modules[module_count].begin = info->dlpi_addr + part->p_vaddr;
        modules[module_count].end = info->dlpi_addr + part->p_vaddr + part->p_memsz;
        modules[module_count++].name = slash                ? slash + 1
                                       : info->dlpi_name[0] ? info->dlpi_name
                                                            : "program";
    }
    return 0;
}

static const char *module_of(const void *address, uintptr_t *offset)
{
    uintptr_t at = (uintptr_t)address;
    for (unsigned i = 0; i < module_count; i++)
        if (at >= modules[i].begin && at < modules[i].end) {
            *offset = at - modules[i].begin;
            return modules[i].name;
        }
    *offset = at;
    return "?";
}

/* Libraries that use memory without asking whether they got it, or end the program: what they
 * allocate does not fail here. docs/testing.md says more. */
static bool spared(const void *caller)
{
    static const char *const libraries[] = {"libsndfile",    "libvorbis",   "libogg",    "libFLAC",
                                            "libfftw3",      "libcairo",    "libpixman", "libpng",
                                            "libfontconfig", "libfreetype", "libexpat",  NULL};
    uintptr_t offset;
    const char *name = module_of(caller, &offset);
    for (int i = 0; libraries[i]; i++)
        if (strncmp(name, libraries[i], strlen(libraries[i])) == 0)
            return true;
    return false;
}

/* ---- memory ---- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *old);

/* What is allocated and not freed, by address, where it is looked for from its hash on. */
enum { PLACES = 1 << 18 };
static struct piece {
    void *address;
    size_t size;
    const void *caller;
} pieces[PLACES];
static atomic_flag busy = ATOMIC_FLAG_INIT;

static size_t home(const void *address)
{
    return (size_t)((uint64_t)(uintptr_t)address * 0x9e3779b97f4a7c15u >> 46) % PLACES;
}

static void enter(void)
{
    while (atomic_flag_test_and_set(&busy))
        ;
}

static void leave(void)
{
    atomic_flag_clear(&busy);
}

static void *note(void *address, size_t size, const void *caller)
{
    if (!address || !started)
        return address;
    enter();
    size_t i = home(address);
    while (pieces[i].address)
        i = (i + 1) % PLACES;
    pieces[i] = (struct piece){address, size, caller};
    leave();
    return address;
}

static void forget(const void *address)
{
    if (!address || !started)
        return;
    enter();
    size_t i = home(address);
    while (pieces[i].address && pieces[i].address != address)
        i = (i + 1) % PLACES;
    /* Those behind it move up, each as far as its home allows. */
    for (size_t k = i; pieces[i].address;) {
        k = (k + 1) % PLACES;
        if (!pieces[k].address) {
            pieces[i].address = NULL;
        } else if ((k - home(pieces[k].address)) % PLACES >= (k - i) % PLACES) {
            pieces[i] = pieces[k];
            i = k;
        }
    }
    leave();
}

/* Must this allocation fail? */
static bool refuse(const void *caller)
{
    if (!started || spared(caller))
        return false;
    enum what what = meet(ALLOC);
    if (what == SIGNAL)
        faults_call(SYS_kill, getpid(), fault.signal, 0, 0, 0, 0);
    if (what == FAIL)
        errno = ENOMEM;
    return what == FAIL;
}

#define CALLER __builtin_return_address(0)

void *malloc(size_t size)
{
    return refuse(CALLER) ? NULL : note(__libc_malloc(size), size, CALLER);
}

void *calloc(size_t count, size_t size)
{
    return refuse(CALLER) ? NULL : note(__libc_calloc(count, size), count * size, CALLER);
}

void *realloc(void *old, size_t size)
{
    if (refuse(CALLER))
        return NULL;
    forget(old);
    return note(__libc_realloc(old, size), size, CALLER);
}

void *memalign(size_t alignment, size_t size)
{
    return refuse(CALLER) ? NULL : note(__libc_memalign(alignment, size), size, CALLER);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return refuse(CALLER) ? NULL : note(__libc_memalign(alignment, size), size, CALLER);
}

int posix_memalign(void **address, size_t alignment, size_t size)
{
    if (refuse(CALLER))
        return ENOMEM;
    *address = note(__libc_memalign(alignment, size), size, CALLER);
    return *address ? 0 : ENOMEM;
}

void free(void *old)
{
    forget(old);
    __libc_free(old);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *context)
{
    static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    enum what what = meet(THREAD);
    if (what == SIGNAL)
        faults_call(SYS_kill, getpid(), fault.signal, 0, 0, 0, 0);
    if (what == FAIL)
        return fault.error;
    *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    return real(thread, attributes, run, context);
}

/* ---- begin and end ---- */

enum { FILES = 256 };
static bool was_open[FILES];

__attribute__((constructor)) static void begin(void)
{
    const char *text = getenv("FAULTS");
    if (text && *text)
        read_fault(text);
    only_named = getenv("FAULTS_NAMED") != NULL;
    only_main = getenv("FAULTS_MAIN") != NULL;
    dl_iterate_phdr(add_module, NULL);
    for (int i = 0; i < FILES; i++)
        was_open[i] = fcntl(i, F_GETFD) >= 0;
    filter_calls();
    started = true;
}

static int (*real_main)(int, char **, char **);

static int watched_main(int count, char **words, char **environment)
{
    int status = real_main(count, words, environment);
    over = only_main;
    return status;
}

int __libc_start_main(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void),
                      void (*)(void), void *);
int __libc_start_main(int (*run)(int, char **, char **), int count, char **words,
                      void (*init)(void), void (*fini)(void), void (*rtld_fini)(void),
                      void *stack_end)
{
    int (*real)(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void),
                void (*)(void), void *);
    *(void **)&real = dlsym(RTLD_NEXT, "__libc_start_main");
    real_main = run;
    return real(watched_main, count, words, init, fini, rtld_fini, stack_end);
}

static void put(int file, const char *text, int length)
{
    faults_call(SYS_write, file, (long)text, length, 0, 0, 0);
}

static void log_memory(int file)
{
    char line[256];
    for (size_t i = 0; i < PLACES; i++) {
        uintptr_t offset;
        if (!pieces[i].address)
            continue;
        const char *name = module_of(pieces[i].caller, &offset);
        put(file, line,
            snprintf(line, sizeof line, "kept %s %zu +0x%lx\n", name, pieces[i].size,
                     (unsigned long)offset));
    }
}

static void log_files(int file)
{
    char line[64];
    for (int i = 3; i < FILES; i++)
        if (i != file && !was_open[i] && faults_call(SYS_fcntl, i, F_GETFD, 0, 0, 0, 0) >= 0)
            put(file, line, snprintf(line, sizeof line, "open %d\n", i));
}

__attribute__((destructor)) static void end(void)
{
    const char *path = getenv("FAULTS_LOG");
    char line[64];
    started = false;
    if (!path)
        return;
    int file = (int)faults_call(SYS_openat, AT_FDCWD, (long)path, O_WRONLY | O_CREAT | O_TRUNC,
                                0666, 0, 0);
    for (int i = 0; i < CLASSES; i++)
        put(file, line,
            snprintf(line, sizeof line, "calls %s %ld\n", class_names[i], (long)calls[i]));
    put(file, line, snprintf(line, sizeof line, "calls any %ld\n", (long)all_calls));
    put(file, line, snprintf(line, sizeof line, "met %ld\n", (long)met));
    log_memory(file);
    log_files(file);
    faults_call(SYS_close, file, 0, 0, 0, 0, 0);
}
