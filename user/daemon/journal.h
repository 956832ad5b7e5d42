/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events for journald, beside the audit stream: each a message with a field for each member, by journald's own protocol
 * (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/). Nobody waits for journald: what it does not take at once is skipped, and counted.
 */
#ifndef HOLDFAST_DAEMON_JOURNAL_H
#define HOLDFAST_DAEMON_JOURNAL_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

enum journal_choice {
        JOURNAL_NONE,
        JOURNAL_DENIALS, /* refusals, and all but what agents do that is allowed */
        JOURNAL_ALL,     /* all but checkpoints */
};

struct journal {
        enum journal_choice choice;
        int fd;
        uint64_t skipped; /* events that journald did not take */
        uint64_t told;    /* of them, those that the journal says so of */
};

#define JOURNAL_INIT \
        { \
                JOURNAL_NONE, -1, 0, 0 \
        }

/* "denials" or "all"; -EINVAL. */
int journal_choice_parse(const char *text, enum journal_choice *ret);

/* 0 or negative errno. */
int journal_open(struct journal *j, enum journal_choice choice);
void journal_close(struct journal *j);

/* Hands over a line of the stream, where it is one that is wanted, to the socket at path. */
void journal_send(struct journal *j, const char *path, const char *line, size_t length);

#endif
