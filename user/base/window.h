/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is counted within a time that ends now. Pure: whoever has a count that only grows asks by how much it has grown. The time is cut
 * into steps, and what lies in a step that has begun to leave the window does not count: a sixtieth too little at most, and too much only
 * where nobody has asked for longer than the window is.
 */
#ifndef HOLDFAST_BASE_WINDOW_H
#define HOLDFAST_BASE_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#define WINDOW_STEPS 60

struct window {
        uint64_t within, step;         /* of the clock's unit */
        uint64_t at[WINDOW_STEPS + 1]; /* when the count was what total says; a ring */
        uint64_t total[WINDOW_STEPS + 1];
        size_t first, n; /* the oldest of the ring, how many there are */
};

/* Begins anew: what was counted before does not count. */
void window_begin(struct window *w, uint64_t within, uint64_t now, uint64_t total);

/* By how much the count, which is total now, has grown in the window. */
uint64_t window_grown(struct window *w, uint64_t now, uint64_t total);

/* The different ones within a time. Pure, too. */
struct different {
        uint64_t within;
        size_t most;                /* more than these need not be told apart */
        struct different_one *list; /* owned; most + 1 of them */
        size_t n;
};

struct different_one {
        uint64_t hash, at;
};

/* 0 or -ENOMEM. To be cleared. */
int different_begin(struct different *d, uint64_t within, size_t most);
void different_clear(struct different *d);

/* Forgets all. */
void different_forget(struct different *d);

/* Notes one, by its hash. Returns how many different ones there were within the time, this one included; no more than most + 1. */
size_t different_note(struct different *d, uint64_t hash, uint64_t now);

#endif
