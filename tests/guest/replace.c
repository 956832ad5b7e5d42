/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies replaced under a process that opens files in a loop.
 * replace open PAGE BOTH NEITHER A B      the agent: opens the four files again and again, counting in the page
 * replace policies PAGE SESSION A B COUNT puts the policies in force in turn, COUNT times; between two of them the agent has
 *                                         gone round at least once now and then. Prints what the agent counted:
 *                                         "both O R neither O R a O R b O R" (opened, refused)
 */
#include "lib/http.h"
#include "lib/shared.h"

#define FILES 4

struct page {
        atomic_ulong rounds, opened[FILES], refused[FILES];
};

static void open_all(struct page *page, char **files)
{
        const struct timespec moment = { 0, 200000 }; /* leaves the daemon time to write the events of the refusals */

        for (;;) {
                for (int i = 0; i < FILES; i++) {
                        int fd = open(files[i], O_RDONLY);

                        if (fd >= 0) {
                                close(fd);
                                page->opened[i]++;
                        } else {
                                page->refused[i]++;
                        }
                }
                page->rounds++;
                nanosleep(&moment, NULL);
        }
}

static char *contents(const char *path)
{
        char *text = calloc(1, 1 << 16);
        int fd = NEED(open(path, O_RDONLY));

        NEED(read(fd, text, (1 << 16) - 1));
        close(fd);
        return text;
}

static void policies(struct page *page, const char *session, const char *a, const char *b, int count)
{
        static const char *const names[FILES] = { "both", "neither", "a", "b" };
        char *text[2] = { contents(a), contents(b) }, target[256];
        int fd = http_connect("/run/holdfast/api.sock");
        unsigned long rounds = page->rounds;
        uint64_t start = now_ns();

        snprintf(target, sizeof(target), "/v1/sessions/%s/policy", session);
        for (int i = 0; i < count; i++) {
                http_do(fd, "PUT", target, text[i % 2]);
                if (i % 7 == 0) { /* the agent must see both; the rest are as fast as they come */
                        AWAIT(page->rounds > rounds + 1);
                        rounds = page->rounds;
                }
        }
        for (int i = 0; i < FILES; i++)
                printf("%s %lu %lu%s", names[i], page->opened[i], page->refused[i], i + 1 < FILES ? " " : "\n");
        fprintf(stderr, "%d policies in %llu ms\n", count, (unsigned long long)(now_ns() - start) / 1000000);
}

int main(int argc, char **argv)
{
        if (argc == 7 && !strcmp(argv[1], "open"))
                open_all(shared_page(argv[2]), argv + 3);
        if (argc != 7 || strcmp(argv[1], "policies"))
                return 2;
        policies(shared_page(argv[2]), argv[3], argv[4], argv[5], atoi(argv[6]));
        return 0;
}
