/* SPDX-License-Identifier: Apache-2.0 */
/*
 * obey: runs what standard input tells it, line by line: MARK NAME=VALUE... PROGRAM. The program runs in a process group of its own
 * in the folder $NEW, which is made. Then its last line of output is printed as one line. Unless MARK is "-", an operation that the
 * guard refuses to everybody puts an event with MARK in its path behind the program's own events.
 */
#include "lib/attempt.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define PATIENCE 20 /* seconds for one program */
#define WORDS 64

static void run(char *line, int output)
{
        char *argv[] = { NULL, NULL };

        setpgid(0, 0);
        umask(0);
        for (char *word = strtok(line, " "); word; word = strtok(NULL, " ")) {
                if (strchr(word, '='))
                        NEED(putenv(word));
                else
                        argv[0] = word;
        }
        NEED(mkdir(getenv("NEW"), 0777));
        NEED(chdir(getenv("NEW")));
        NEED(dup2(open("/dev/null", O_RDONLY), 0));
        NEED(dup2(output, 1));
        NEED(dup2(output, 2));
        signal(SIGPIPE, SIG_DFL);
        execv(argv[0], argv);
        printf("broken exec: %s\n", strerrorname_np(errno));
        fflush(stdout);
        _exit(3);
}

/* Waits for the child; false when it takes too long. */
static int ended(pid_t child)
{
        sigset_t set;
        struct timespec patience = { PATIENCE, 0 };

        sigemptyset(&set);
        sigaddset(&set, SIGCHLD);
        for (;;) {
                pid_t got = waitpid(-1, NULL, WNOHANG);

                if (got == child)
                        return 1;
                if (got <= 0 && sigtimedwait(&set, NULL, &patience) < 0 && errno == EAGAIN)
                        return 0;
        }
}

/* The last line that is not empty. */
static const char *last_line(char *text)
{
        char *line = text;

        for (char *p = text; *p; p++)
                if (*p == '\n' && p[1] && p[1] != '\n')
                        line = p + 1;
        line[strcspn(line, "\n")] = 0;
        return *line ? line : "nothing";
}

int main(void)
{
        static char line[16384], text[4096], name[64];
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, SIGCHLD);
        signal(SIGPIPE, SIG_IGN);
        while (fgets(line, sizeof(line), stdin)) {
                char *mark = line, *rest = strchr(line, ' ');
                int output, in_time;
                pid_t child;

                if (!rest)
                        continue;
                *rest++ = 0;
                rest[strcspn(rest, "\n")] = 0;
                output = NEED(memfd_create("output", MFD_CLOEXEC));
                NEED(sigprocmask(SIG_BLOCK, &set, NULL));
                child = NEED(fork());
                if (child == 0) {
                        sigprocmask(SIG_UNBLOCK, &set, NULL);
                        run(rest, output);
                }
                in_time = ended(child);
                kill(-child, SIGKILL);
                memset(text, 0, sizeof(text));
                NEED(pread(output, text, sizeof(text) - 1, 0));
                close(output);
                if (strcmp(mark, "-") != 0) {
                        snprintf(name, sizeof(name), "mark-%.40s.", mark);
                        output = NEED(memfd_create(name, MFD_CLOEXEC));
                        ioctl(output, TIOCSTI, "");
                        close(output);
                }
                printf("%s\n", in_time ? last_line(text) : "broken: it took too long");
                fflush(stdout);
        }
        return 0;
}
