/* SPDX-License-Identifier: Apache-2.0 */
/* What attached tasks are: traced, capable, sharing what they are made of. */
#include "base/cleanup.h"
#include "daemon/daemon.h"
#include "daemon/file.h"
#include "daemon/found_look.h"
#include "daemon/names.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>

static int add_seen(void *context, const void *seen)
{
        struct look *l = context;
        struct hf_seen *more;

        if (l->n_seen % 256 == 0) {
                more = reallocarray(l->seen, l->n_seen + 256, sizeof(*more));
                if (!more)
                        return -ENOMEM;
                l->seen = more;
        }
        memcpy(&l->seen[l->n_seen++], seen, sizeof(*l->seen));
        return found_in_time(l);
}

bool found_is_member(const struct look *l, uint32_t tgid)
{
        for (size_t i = 0; i < l->n_seen; i++)
                if (l->seen[i].member && l->seen[i].tgid == tgid)
                        return true;
        return false;
}

/* Whether the policy lets the session have a Linux capability, as the guard's hook has it. */
static bool keeps(const struct look *l, unsigned capability, bool own_userns)
{
        switch (capability) {
        case CAP_SYS_NICE:
                if (found_excepted(l, HF_GUARD_PRIORITY))
                        return true;
                break;
        case CAP_SYS_RESOURCE:
                if (found_excepted(l, HF_GUARD_LIMITS))
                        return true;
                break;
        case CAP_IPC_LOCK:
                if (found_excepted(l, HF_GUARD_LOCK_MEMORY))
                        return true;
        }
        return (own_userns && found_excepted(l, HF_GUARD_USER_NAMESPACES)) || (HF_CAPABILITIES_KEPT & HF_CAPABILITY(capability));
}

static void look_at_capabilities(struct look *l, const struct hf_seen *t, bool own_userns)
{
        char text[1024] = "";
        size_t at = 0;

        for (unsigned i = 0; i < 64; i++) {
                const char *name = linux_capability_name(i);

                if ((t->capabilities >> i & 1) && strcmp(name, "unknown") != 0 && !keeps(l, i, own_userns))
                        at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s", at ? " " : "", name);
        }
        if (at)
                found_add(l, "capability", (pid_t)t->tgid, FOUND_REVOKED, "%s", text);
}

static void look_at_member(struct look *l, const struct hf_seen *t, uint32_t userns)
{
        pid_t pid = (pid_t)t->tgid;

        if (t->tracer && !found_is_member(l, t->tracer))
                found_add(l, "ptrace", pid, FOUND_FAST, "by process %u outside: let that detach first", t->tracer);
        if (t->sqpoll && !found_excepted(l, HF_GUARD_IO_URING_SQPOLL))
                found_add(l, "io_uring", pid, FOUND_FAST, "with a kernel thread (IORING_SETUP_SQPOLL)");
        look_at_capabilities(l, t, t->userns != userns);
        if (t->userns != userns && !found_excepted(l, HF_GUARD_USER_NAMESPACES))
                found_add(l, "namespace", pid, FOUND_REVOKED, "user namespace %u", t->userns);
}

/* What is outside, and has something in common with a task inside. */
static void look_at_stranger(struct look *l, const struct hf_seen *t)
{
        for (size_t i = 0; i < l->n_seen; i++) {
                const struct hf_seen *m = &l->seen[i];

                if (!m->member)
                        continue;
                if (t->memory == m->memory && found_by_exec(l))
                        continue;
                if (t->memory == m->memory)
                        found_add(l, "memory", (pid_t)m->tgid, FOUND_FAST, "shared with process %u outside", t->tgid);
                else if (t->files && t->files == m->files && !found_by_exec(l))
                        found_add(l, "descriptors", (pid_t)m->tgid, FOUND_FAST, "shared with process %u outside", t->tgid);
                else if (t->tracer && t->tracer == m->tgid)
                        found_add(l, "ptrace", (pid_t)m->tgid, FOUND_FAST, "of process %u outside: let that go first", t->tgid);
                else
                        continue;
                return;
        }
}

int found_look_at_tasks(struct look *l, struct error *e)
{
        _cleanup_free_ char *own = NULL;
        uint32_t userns = 0;
        int r = kernel_see_tasks(l->d->kernel, l->s->slot, add_seen, l, e);

        if (r < 0)
                return r;
        if (file_readlink(AT_FDCWD, "/proc/self/ns/user", &own) < 0 || sscanf(own, "user:[%u]", &userns) != 1)
                return error_set(e, -EIO, "cannot tell the daemon's own user namespace");
        for (size_t i = 0; i < l->n_seen; i++) {
                if (l->seen[i].member)
                        look_at_member(l, &l->seen[i], userns);
                else
                        look_at_stranger(l, &l->seen[i]);
        }
        return 0;
}
