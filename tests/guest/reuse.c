/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inode numbers that come again. Outside of the session: reuse objects POLICY OPEN CLOSED COUNT NEW, where a policy names OPEN/0… with a
 * denial and CLOSED/0… with an allowance, the folder OPEN allowing all and CLOSED nothing. It deletes those files and makes NEW others in
 * their folders, under names without rules, and each that has the number of a deleted one (or all of them, where the file system gives
 * no number twice) is opened by a process in the session: the folder must decide, not the rule.
 *
 * In the session: reuse open: reads paths, a line each, and says of each what opening it for reading and writing came to.
 */
#include "lib/attempt.h"

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/wait.h>

static FILE *ask, *hear; /* the process in the session */

static int attempt_open(char **arg)
{
        char path[4096];

        (void)arg;
        setvbuf(stdout, NULL, _IOLBF, 0);
        while (fgets(path, sizeof(path), stdin)) {
                int fd;

                path[strcspn(path, "\n")] = 0;
                fd = open(path, O_RDWR);
                printf("%d\n", fd < 0 ? errno : 0);
                close(fd);
        }
        return 0;
}

static void start(const char *policy, const char *workspace)
{
        int to[2], from[2];

        NEED(pipe(to));
        NEED(pipe(from));
        if (NEED(fork()) == 0) {
                dup2(to[0], 0);
                dup2(from[1], 1);
                for (int fd = 3; fd < 16; fd++)
                        close(fd);
                execlp("enter", "enter", policy, workspace, "reuse", "open", NULL);
                _exit(127);
        }
        close(to[0]);
        close(from[1]);
        ask = fdopen(to[1], "w");
        hear = fdopen(from[0], "r");
        setvbuf(ask, NULL, _IOLBF, 0);
}

/* What a process in the session gets when it opens a path. */
static int opened(const char *path)
{
        int error = -1;

        fprintf(ask, "%s\n", path);
        if (fscanf(hear, "%d", &error) != 1) {
                printf("broken: the session is gone\n");
                exit(3);
        }
        return error;
}

static const char *name(const char *folder, const char *kind, unsigned long number)
{
        static char path[4096];

        snprintf(path, sizeof(path), "%s/%s%lu", folder, kind, number);
        return path;
}

static ino_t make(const char *path)
{
        int fd = NEED(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
        struct stat st;

        NEED(fstat(fd, &st));
        close(fd);
        return st.st_ino;
}

/* The two folders, and what opening comes to there: by the rules at the files, and by the folder. */
static struct {
        const char *folder;
        int by_rule, by_folder;
        ino_t *numbers; /* of the deleted files */
} sides[2] = { { .by_rule = EACCES, .by_folder = 0 }, { .by_rule = 0, .by_folder = EACCES } };

static bool comes_again(ino_t number, unsigned long count)
{
        for (int side = 0; side < 2; side++)
                for (unsigned long i = 0; i < count; i++)
                        if (sides[side].numbers[i] == number)
                                return true;
        return false;
}

static void expect(const char *path, int expected, const char *what)
{
        int got = opened(path);

        if (got == expected)
                return;
        printf("wrong: %s: %s\n", path, what);
        exit(1);
}

static unsigned long make_anew(unsigned long count, unsigned long *total)
{
        unsigned long again = 0;

        for (int side = 0; side < 2; side++)
                for (unsigned long i = 0; i < count; i++, (*total)++) {
                        const char *path = name(sides[side].folder, "new", i);

                        again += comes_again(make(path), count);
                        expect(path, sides[side].by_folder, "the rule of a deleted file applies");
                }
        for (int side = 0; side < 2; side++)
                for (unsigned long i = 0; i < count; i++)
                        NEED(unlink(name(sides[side].folder, "new", i)));
        return again;
}

/* Prints how many files were made, and how many of them had the number of a deleted one. */
static int attempt_objects(char **arg)
{
        unsigned long count = strtoul(arg[3], NULL, 10), wanted = strtoul(arg[4], NULL, 10), total = 0, again = 0;

        sides[0].folder = arg[1];
        sides[1].folder = arg[2];
        for (int side = 0; side < 2; side++) {
                sides[side].numbers = calloc(count, sizeof(ino_t));
                for (unsigned long i = 0; i < count; i++)
                        sides[side].numbers[i] = make(name(sides[side].folder, "", i));
        }
        start(arg[0], arg[1]);
        for (int side = 0; side < 2; side++)
                for (unsigned long i = 0; i < count; i++)
                        expect(name(sides[side].folder, "", i), sides[side].by_rule, "the rule does not hold");
        for (int side = 0; side < 2; side++)
                for (unsigned long i = 0; i < count; i++)
                        NEED(unlink(name(sides[side].folder, "", i)));
        while (total < wanted)
                again += make_anew(count, &total);
        fclose(ask);
        wait(NULL);
        printf("%lu new files, %lu with the number of a deleted one\n", total, again);
        return 0;
}

static const struct attempt attempts[] = {
        { "open", 0, "", attempt_open },
        { "objects", 5, "POLICY OPEN CLOSED COUNT NEW", attempt_objects },
};

ATTEMPT_MAIN(attempts)
