/* SPDX-License-Identifier: Apache-2.0 */
/* Explaining for a session that lives: the path is looked up as the session would, and the kernel asked what decides there. */
#include "daemon/explain.h"

#include "base/json.h"
#include "base/time.h"
#include "daemon/daemon.h"
#include "daemon/fsuser.h"
#include "daemon/fsview.h"
#include "daemon/kill.h"

#include <string.h>

int explain_lookup_failed(int code, const char *path, struct error *e)
{
        switch (code) {
        case -ELOOP:
                return error_set(e, -EINVAL,
                                 "path: %s leads through a loop of symlinks, or through a link of /proc that means something else to each "
                                 "process; name the file itself",
                                 path);
        case -ENOTDIR:
                return error_set(e, -EINVAL, "path: %s leads through a file that is no folder", path);
        case -ENAMETOOLONG:
                return error_set(e, -EINVAL, "path: it is too long, or a component of it has more than 255 bytes");
        case -ENOENT:
                return error_set(e, -ENOENT, "path: %s goes up from a folder that does not exist", path);
        case -EACCES:
        case -EPERM:
                return error_set(e, -EACCES, "path: %s leads through a folder that you may not search; root can ask", path);
        default:
                return error_set(e, code, "cannot look at %s: %s", path, strerror(-code));
        }
}

static struct standing standing(struct daemon *d, const struct session *s, uint32_t policy)
{
        const struct hf_policy *record = kernel_policy(d->kernel, policy);

        return (struct standing){
                .policy = { .active = __atomic_load_n(&record->active, __ATOMIC_ACQUIRE),
                            .killed = __atomic_load_n(&record->killed, __ATOMIC_ACQUIRE),
                            .spent = __atomic_load_n(&record->spent, __ATOMIC_ACQUIRE) },
                .killed = session_bits(d, s),
                .time = (uint32_t)(time_now(CLOCK_BOOTTIME) / 1000000000),
        };
}

static struct event_context context_of(const struct daemon *d, const struct session *s, const struct verdict *v)
{
        const struct kill *kill = kill_behind(d, s, v->why, v->rule);

        return (struct event_context){
                .policy = s->policy, .ceilings = s->ceilings.list, .kill_reason = kill ? kill->reason : NULL, .kill = kill ? kill->id : NULL
        };
}

static cJSON *answer(const struct daemon *d, const struct session *s, const struct question *q, const struct looked_at *looked,
                     const struct verdict *v, const struct standing *now)
{
        const struct event_context context = context_of(d, s, v);

        return verdict_json(q, looked, v, &context, now);
}

/* Where the path leads for one of the session's processes. */
static int look(struct daemon *d, const struct session *s, const char *path, uid_t asker, struct fs_found *found, struct error *e)
{
        _cleanup_fsview_ struct fsview view = FSVIEW_INIT;
        _cleanup_fsuser_ struct fsuser user = FSUSER_INIT;
        pid_t pid = session_member(d, s);
        int r;

        if (pid <= 0)
                return error_set(e, -ESRCH, "session %s has no process left", s->id);
        r = fsview_open(&view, pid);
        if (r < 0)
                return error_set(e, r, "cannot look at the file system of process %d: %s", pid, strerror(-r));
        r = fsuser_enter(&user, asker);
        if (r < 0)
                return error_set(e, r, "cannot look with the rights of user %u: %s", asker, strerror(-r));
        r = fs_lookup(&view.view, path, found);
        return r < 0 ? explain_lookup_failed(r, path, e) : 0;
}

static int explain_file(struct daemon *d, const struct session *s, uint32_t policy, const struct question *q, uid_t asker,
                        const struct standing *now, cJSON **ret, struct error *e)
{
        struct fs_found found = { .fd = -1 };
        _cleanup_free_ char *path = NULL;
        _cleanup_close_ int fd = -1;
        struct hf_decided decided;
        struct looked_at looked;
        struct verdict v;
        int r = look(d, s, q->path, asker, &found, e);

        if (r < 0)
                return r;
        fd = found.fd;
        path = found.path;
        r = kernel_decide(d->kernel, policy, fd, found.missing, &decided, e);
        if (r < 0)
                return r;
        looked = (struct looked_at){
                .path = path, .exists = !found.missing, .device = !found.missing && is_device(fd), .known = decided.known
        };
        v = verdict_file(decided.found ? &decided.node : NULL, decided.own, &looked, q->rights, now);
        *ret = answer(d, s, q, &looked, &v, now);
        return 0;
}

static int explain_address(struct daemon *d, const struct session *s, uint32_t policy, const struct question *q, const struct standing *now,
                           cJSON **ret, struct error *e)
{
        struct hf_egress egress;
        const uint8_t *addr = q->addr;
        struct verdict v, named;

        for (; addr; addr = verdict_other_address(&v, addr)) {
                int r = kernel_egress(d->kernel, policy, addr, &egress);

                if (r < 0 && r != -ENOENT)
                        return error_set(e, r, "cannot look up the address in the policy: %s", strerror(-r));
                v = verdict_egress(r < 0 ? NULL : &egress, q->proto, q->port, now);
                if (v.why == HF_WHY_ALLOWED || kernel_opened(d->kernel, policy, addr, &egress) < 0)
                        continue;
                named = verdict_egress(&egress, q->proto, q->port, now);
                if (named.why != HF_WHY_NO_RULE)
                        v = named;
        }
        *ret = answer(d, s, q, NULL, &v, now);
        return 0;
}

static int explain_host(const struct daemon *d, const struct session *s, const struct question *q, const struct standing *now, cJSON **ret,
                        struct error *e)
{
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        _cleanup_free_ struct hosts *hosts = NULL;
        struct verdict v;
        int r = s->policy ? policy_hosts(s->policy, s->ceilings.list, &hosts, &findings) : -ENODATA;

        if (r < 0)
                return error_set(e, r, "the names of its policy cannot be read: %s", strerror(-r));
        v = verdict_host(hosts, q, now);
        *ret = answer(d, s, q, NULL, &v, now);
        return 0;
}

static int explain_egress(struct daemon *d, const struct session *s, uint32_t policy, const struct question *q, const struct standing *now,
                          cJSON **ret, struct error *e)
{
        return q->host ? explain_host(d, s, q, now, ret, e) : explain_address(d, s, policy, q, now, ret, e);
}

int explain_session(struct daemon *d, const struct session *s, const struct question *q, uid_t asker, cJSON **ret, struct error *e)
{
        uint32_t policy = __atomic_load_n(&kernel_session(d->kernel, s->slot)->policy, __ATOMIC_ACQUIRE);
        struct standing now = standing(d, s, policy);
        int r;

        r = q->rights ? explain_file(d, s, policy, q, asker, &now, ret, e) : explain_egress(d, s, policy, q, &now, ret, e);
        if (r == 0 && *ret) {
                cJSON_AddStringToObject(*ret, "session", s->id);
                json_add_text(*ret, "policy", s->policy_name);
        }
        return r;
}
