/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/cutter.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define MOMENT 20000000ull /* ns */
#define WAITING_MAX 16     /* jobs of one session that are not urgent */

struct job {
        struct job *next;
        uint32_t slot;
        int netlink;
        size_t n;
        struct flow list[];
};

struct cutter {
        pthread_mutex_t lock; /* of all that follows */
        pthread_cond_t changed;
        struct job *first, **last;
        bool working, ending;
        uint64_t since; /* when it began to work at the job in hand, or was given the first one; ns of CLOCK_MONOTONIC */
};

static int end_one(int netlink, const struct flow *f)
{
        const struct {
                struct nlmsghdr header;
                struct inet_diag_req_v2 request;
        } m = {
                .header = { .nlmsg_len = sizeof(m), .nlmsg_type = SOCK_DESTROY, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
                .request = { .sdiag_family = f->is.idiag_family,
                             .sdiag_protocol = f->protocol,
                             .idiag_states = 1u << f->is.idiag_state,
                             .id = f->is.id },
        };
        struct {
                struct nlmsghdr header;
                struct nlmsgerr error;
                uint8_t more[256];
        } answer = { 0 };

        if (send(netlink, &m, sizeof(m), 0) < 0 || recv(netlink, &answer, sizeof(answer), 0) < 0)
                return -errno;
        return answer.error.error == -ENOENT ? 0 : answer.error.error;
}

static void job_do(const struct job *job)
{
        int failed = 0;

        for (size_t i = 0; i < job->n; i++) {
                int r = end_one(job->netlink, &job->list[i]);

                failed = failed ? failed : r;
        }
        if (failed < 0)
                log_warning("connections that are not allowed cannot be ended, and no byte of theirs leaves: %s", strerror(-failed));
}

static void job_free(struct job *job)
{
        close(job->netlink);
        free(job);
}

/* The next one; NULL: there is to be none. */
static struct job *job_next(struct cutter *c)
{
        struct job *job;

        pthread_mutex_lock(&c->lock);
        c->working = false;
        while (!c->first && !c->ending)
                pthread_cond_wait(&c->changed, &c->lock);
        job = c->first;
        if (job) {
                c->first = job->next;
                c->working = true;
                c->since = time_now(CLOCK_MONOTONIC);
        }
        if (!c->first)
                c->last = &c->first;
        pthread_mutex_unlock(&c->lock);
        return job;
}

static void *work(void *context)
{
        struct cutter *c = context;
        struct job *job;

        while ((job = job_next(c))) {
                job_do(job);
                job_free(job);
        }
        pthread_cond_destroy(&c->changed);
        pthread_mutex_destroy(&c->lock);
        free(c);
        return NULL;
}

int cutter_new(struct cutter **ret)
{
        struct cutter *c = calloc(1, sizeof(*c));
        sigset_t all, before;
        pthread_t thread;
        int r;

        if (!c)
                return -ENOMEM;
        pthread_mutex_init(&c->lock, NULL);
        pthread_cond_init(&c->changed, NULL);
        c->last = &c->first;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the event loop's */
        r = pthread_create(&thread, NULL, work, c);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (r) {
                free(c);
                return -r;
        }
        pthread_detach(thread);
        *ret = c;
        return 0;
}

void cutter_free(struct cutter *c)
{
        if (!c)
                return;
        pthread_mutex_lock(&c->lock);
        c->ending = true;
        pthread_cond_signal(&c->changed);
        pthread_mutex_unlock(&c->lock);
}

bool cutter_settle(struct cutter *c)
{
        for (;;) {
                const struct timespec pause = { .tv_nsec = 200000 };
                uint64_t since;
                bool busy;

                pthread_mutex_lock(&c->lock);
                busy = c->working || c->first;
                since = c->since;
                pthread_mutex_unlock(&c->lock);
                if (!busy || time_now(CLOCK_MONOTONIC) - since > MOMENT)
                        return !busy;
                nanosleep(&pause, NULL);
        }
}

static void put(struct cutter *c, struct job *job, bool urgent)
{
        if (urgent) {
                job->next = c->first;
                c->first = job;
                c->last = job->next ? c->last : &job->next;
        } else {
                *c->last = job;
                c->last = &job->next;
        }
        if (!c->working && !job->next)
                c->since = time_now(CLOCK_MONOTONIC);
        pthread_cond_signal(&c->changed);
}

static size_t waiting(const struct cutter *c, uint32_t slot)
{
        size_t n = 0;

        for (const struct job *job = c->first; job; job = job->next)
                n += job->slot == slot;
        return n;
}

int cutter_cut(struct cutter *c, uint32_t slot, int netlink, const struct flow *list, size_t n, bool urgent)
{
        struct job *job;
        int r = 0;

        if (!n)
                return 0;
        job = malloc(sizeof(*job) + n * sizeof(*list));
        if (!job)
                return -ENOMEM;
        *job = (struct job){ .slot = slot, .n = n, .netlink = fcntl(netlink, F_DUPFD_CLOEXEC, 0) };
        memcpy(job->list, list, n * sizeof(*list));
        if (job->netlink < 0) {
                r = -errno;
                free(job);
                return r;
        }
        pthread_mutex_lock(&c->lock);
        if (!urgent && waiting(c, slot) >= WAITING_MAX)
                r = -EBUSY;
        else
                put(c, job, urgent);
        pthread_mutex_unlock(&c->lock);
        if (r < 0)
                job_free(job);
        return r;
}
