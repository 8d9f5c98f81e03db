/* measure CORE|any COMMAND... - runs it on that core with its output thrown away and prints what
 * the kernel counted of it and its children: user and system seconds, seconds on the wall, KiB of
 * its memory at most. measure CORE|any -l FILE - the commands in FILE, one a line, words apart by
 * blanks, one after another: their sums, and the largest memory. A small program, because memory at
 * most counts what the child had of its parent before exec. Exit: 0, the command's if not 0, 2 if
 * it could not run. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORDS = 256 };

struct sums {
    double user, system;
    long memory;
};

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec * 1e-6;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void trouble(const char *what)
{
    perror(what);
    exit(2);
}

static void become(char **command)
{
    int nowhere = open("/dev/null", O_RDWR);
    dup2(nowhere, STDIN_FILENO);
    dup2(nowhere, STDOUT_FILENO);
    execvp(command[0], command);
    trouble(command[0]);
}

static int run(char **command, struct sums *sums)
{
    struct rusage usage;
    int status;
    pid_t child = fork();
    if (child == 0)
        become(command);
    if (child < 0 || wait4(child, &status, 0, &usage) != child)
        trouble("fork");
    sums->user += seconds(usage.ru_utime);
    sums->system += seconds(usage.ru_stime);
    if (usage.ru_maxrss > sums->memory)
        sums->memory = usage.ru_maxrss;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

static int run_list(const char *name, struct sums *sums)
{
    static char line[65536];
    FILE *file = fopen(name, "r");
    int bad = 0;
    if (!file)
        trouble(name);
    while (!bad && fgets(line, sizeof line, file)) {
        char *words[WORDS] = {0};
        int n = 0;
        for (char *w = strtok(line, " \n"); w && n < WORDS - 1; w = strtok(NULL, " \n"))
            words[n++] = w;
        if (n)
            bad = run(words, sums);
    }
    fclose(file);
    return bad;
}

int main(int argc, char **argv)
{
    struct sums sums = {0};
    if (argc < 3)
        return 2;
    if (strcmp(argv[1], "any") != 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(atoi(argv[1]), &set);
        if (sched_setaffinity(0, sizeof set, &set) != 0)
            trouble("sched_setaffinity");
    }
    double begin = now();
    int bad =
        argc == 4 && strcmp(argv[2], "-l") == 0 ? run_list(argv[3], &sums) : run(argv + 2, &sums);
    printf("%.6f %.6f %.6f %ld\n", sums.user, sums.system, now() - begin, sums.memory);
    return bad;
}
