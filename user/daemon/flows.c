/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/flows.h"

#include "base/log.h"
#include "base/time.h"
#include "daemon/daemon.h"
#include "daemon/netns.h"
#include "daemon/throttle.h"
#include "daemon/verdict.h"
#include "holdfast/decide.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#define ROOM 32768           /* bytes of one part of the kernel's answer */
#define LONGEST 200000000ull /* ns */
#define DEPTH_MAX 16         /* cgroups in each other */

/* What is looked for, and how. */
struct look {
        struct daemon *d;
        const struct session *s;
        int dump; /* netlink socket */
        uint32_t policy;
        struct standing now;
        struct flow *list;
        size_t n, room;
};

/* ---- what is allowed ----------------------------------------------------------------------------------------------------------- */

static bool to_loopback(const uint8_t addr[16])
{
        static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff }, last[16] = { [15] = 1 };

        return (!memcmp(addr, mapped, sizeof(mapped)) && addr[12] == 127) || !memcmp(addr, last, sizeof(last));
}

static void addr_read(uint8_t family, const __be32 *from, uint8_t addr[16])
{
        static const uint8_t mapped[16] = { [10] = 0xff, [11] = 0xff };

        memcpy(addr, mapped, sizeof(mapped));
        memcpy(addr + (family == AF_INET ? 12 : 0), from, family == AF_INET ? 4 : 16);
}

static bool allows(const struct flow *f, const struct hf_egress *egress, const struct look *l)
{
        return verdict_egress(egress, f->protocol == IPPROTO_TCP ? HF_TCP : HF_UDP, ntohs(f->is.id.idiag_dport), &l->now).why ==
               HF_WHY_ALLOWED;
}

/* One end of a flow. */
struct end {
        uint8_t addr[16];
        __be16 port;
};

static struct end end_of(const struct flow *f, bool remote)
{
        struct end e = { .port = remote ? f->is.id.idiag_dport : f->is.id.idiag_sport };

        addr_read(f->is.idiag_family, remote ? f->is.id.idiag_dst : f->is.id.idiag_src, e.addr);
        return e;
}

static bool is_end(const struct end *a, const struct end *b)
{
        return a->port == b->port && !memcmp(a->addr, b->addr, sizeof(a->addr));
}

/* Whether a socket is bound to that end, or to its port of all addresses. */
static bool holds_end(const struct flow *f, const struct end *e)
{
        static const uint8_t any[16], any_v4[16] = { [10] = 0xff, [11] = 0xff };
        const struct end own = end_of(f, false);

        return own.port == e->port &&
               (!memcmp(own.addr, e->addr, sizeof(any)) || !memcmp(own.addr, any, sizeof(any)) || !memcmp(own.addr, any_v4, sizeof(any)));
}

/* Whether another socket of the session is its other end on loopback, or listens at its own; or its resolver is that. */
static bool is_home(const struct look *l, const struct flow *f)
{
        const struct end here = end_of(f, false), there = end_of(f, true);

        for (size_t i = 0; i < l->n; i++) {
                const struct flow *other = &l->list[i];
                const struct end other_there = end_of(other, true);

                if (other->protocol != f->protocol)
                        continue;
                if (other->is.idiag_state == TCP_LISTEN ? holds_end(other, &here)
                                                        : holds_end(other, &there) && (!other_there.port || is_end(&other_there, &here)))
                        return true;
        }
        return there.port == htons(l->s->resolver.port);
}

/* As net_decide() of the BPF programs. */
static bool may_go_on(const struct look *l, const struct flow *f)
{
        struct hf_egress egress;
        uint8_t addr[16];

        if (f->is.idiag_state == TCP_LISTEN || f->is.idiag_state == TCP_TIME_WAIT || !f->is.id.idiag_dport)
                return true; /* not connected */
        if (l->now.killed)
                return false;
        addr_read(f->is.idiag_family, f->is.id.idiag_dst, addr);
        if (kernel_egress(l->d->kernel, l->policy, addr, &egress) == 0 && allows(f, &egress, l))
                return true;
        if (kernel_opened(l->d->kernel, l->policy, addr, &egress) == 0 && allows(f, &egress, l))
                return true;
        return to_loopback(addr) && is_home(l, f);
}

/* ---- sock_diag(7) -------------------------------------------------------------------------------------------------------------- */

/* Asks for all sockets of a cgroup. */
static int ask(const struct look *l, uint8_t family, uint8_t protocol, uint64_t cgroup)
{
        struct {
                struct nlmsghdr header;
                struct inet_diag_req_v2 request;
                struct nlattr attribute;
                struct inet_diag_bc_op op;
                uint8_t id[sizeof(cgroup)];
        } m = {
                .header = { .nlmsg_len = sizeof(m), .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
                .request = { .sdiag_family = family, .sdiag_protocol = protocol, .idiag_states = ~0u },
                .attribute = { .nla_len = sizeof(m.attribute) + sizeof(m.op) + sizeof(m.id), .nla_type = INET_DIAG_REQ_BYTECODE },
                .op = { .code = INET_DIAG_BC_CGROUP_COND, .yes = sizeof(m.op) + sizeof(m.id), .no = sizeof(m.op) + sizeof(m.id) + 4 },
        };

        memcpy(m.id, &cgroup, sizeof(cgroup));
        return send(l->dump, &m, sizeof(m), 0) < 0 ? -errno : 0;
}

static int add(struct look *l, uint8_t protocol, const struct inet_diag_msg *is)
{
        if (l->n == l->room) {
                const size_t room = l->room ? 2 * l->room : 64;
                struct flow *list = reallocarray(l->list, room, sizeof(*list));

                if (!list)
                        return -ENOMEM;
                l->list = list;
                l->room = room;
        }
        l->list[l->n++] = (struct flow){ protocol, *is };
        return 0;
}

/* Reads one part of the answer; *end: there is no more. */
static int read_part(struct look *l, uint8_t protocol, bool *end)
{
        _Alignas(struct nlmsghdr) static uint8_t room[ROOM];
        ssize_t size = recv(l->dump, room, sizeof(room), 0);
        int left = (int)size;

        if (size < 0)
                return -errno;
        for (const struct nlmsghdr *h = (const void *)room; NLMSG_OK(h, (unsigned)left); h = NLMSG_NEXT(h, left)) {
                *end = h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR;
                if (*end)
                        return h->nlmsg_type == NLMSG_ERROR ? ((const struct nlmsgerr *)NLMSG_DATA(h))->error : 0;
                if (h->nlmsg_type == SOCK_DIAG_BY_FAMILY && add(l, protocol, NLMSG_DATA(h)) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* Notes all sockets of a cgroup. */
static int find_in(struct look *l, uint64_t cgroup)
{
        static const uint8_t families[] = { AF_INET, AF_INET6 }, protocols[] = { IPPROTO_TCP, IPPROTO_UDP };
        int r = 0;

        for (size_t i = 0; i < ARRAY_SIZE(families) * ARRAY_SIZE(protocols) && r == 0; i++) {
                bool end = false;

                r = ask(l, families[i / 2], protocols[i % 2], cgroup);
                while (r == 0 && !end)
                        r = read_part(l, protocols[i % 2], &end);
        }
        return r;
}

/* ---- cgroups ------------------------------------------------------------------------------------------------------------------- */

/* The same, of those below it too. */
static int find_below(struct look *l, int cgroup, int depth)
{
        _cleanup_closedir_ DIR *dir = NULL;
        struct dirent *entry;
        uint64_t id;
        int failed = cgroup_id(cgroup, &id), fd;

        if (failed == 0)
                failed = find_in(l, id);
        fd = openat(cgroup, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        dir = fd < 0 ? NULL : fdopendir(fd);
        while (dir && depth < DEPTH_MAX && (entry = readdir(dir))) {
                _cleanup_close_ int below = -1;
                int r;

                if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
                        continue;
                below = openat(cgroup, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                r = below < 0 ? 0 : find_below(l, below, depth + 1);
                failed = failed ? failed : r;
        }
        return failed;
}

/* ---- all together -------------------------------------------------------------------------------------------------------------- */

/* Netlink sockets speak of the network namespace that they were made in. */
static int open_netlink(struct daemon *d, const struct session *s, int *ret)
{
        const struct timeval patience = { 1, 0 };
        const pid_t pid = session_member(d, s);
        int own = -1, fd, r = pid > 0 ? netns_enter(pid, &own) : 0;

        if (r < 0)
                return r;
        fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
        r = fd < 0 ? -errno : 0;
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        netns_leave(own);
        *ret = fd;
        return r;
}

/*
 * Leaves of what was found what may not go on. To look takes the square of their number, so it ends in time: what is not looked at goes on
 * without sending anything.
 */
static int keep_refused(struct look *l)
{
        const uint64_t until = time_now(CLOCK_MONOTONIC) + LONGEST;
        _cleanup_free_ bool *ends = calloc(l->n + 1, sizeof(*ends));
        size_t kept = 0;

        if (!ends) {
                l->n = 0;
                return -ENOMEM;
        }
        for (size_t i = 0; i < l->n && time_now(CLOCK_MONOTONIC) < until; i++)
                ends[i] = !may_go_on(l, &l->list[i]);
        for (size_t i = 0; i < l->n; i++)
                if (ends[i])
                        l->list[kept++] = l->list[i];
        l->n = kept;
        return 0;
}

void flows_end(struct daemon *d, struct session *s)
{
        const uint32_t policy = __atomic_load_n(&kernel_session(d->kernel, s->slot)->policy, __ATOMIC_ACQUIRE);
        const struct hf_policy *record = kernel_policy(d->kernel, policy);
        const uint32_t now = (uint32_t)(time_now(CLOCK_BOOTTIME) / 1000000000);
        _cleanup_close_ int ending = -1;
        struct look l = {
                .d = d,
                .s = s,
                .dump = -1,
                .policy = policy,
                .now = { .policy = { .active = record->active, .killed = record->killed, .spent = throttle_ends(d, s) },
                         .killed = session_bits(d, s) & ~(uint32_t)HF_KILL_PAUSE,
                         .time = now > HF_GRACE ? now - HF_GRACE : 0 },
        };
        int r;

        /* Until 6.9 whoever asks the kernel for sockets waits while one is ended. */
        s->flows_later = !cutter_settle(d->cutter);
        if (s->flows_later)
                return;
        r = open_netlink(d, s, &l.dump);
        if (r == 0)
                r = open_netlink(d, s, &ending);
        if (r == 0)
                r = find_below(&l, s->cgroup_fd, 0);
        if (keep_refused(&l) < 0)
                r = -ENOMEM;
        if (ending >= 0 && l.n) {
                int cut = cutter_cut(d->cutter, s->slot, ending, l.list, l.n, true);

                r = r ? r : cut;
        }
        if (r < 0)
                log_warning("session %s: connections that are not allowed any more cannot be ended, and no byte of theirs leaves: %s",
                            s->id, strerror(-r));
        free(l.list);
        cleanup_close(&l.dump);
}

void flows_cut(struct daemon *d, struct session *s, const struct hf_event *e)
{
        static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
        const bool v4 = !memcmp(e->addr, mapped, sizeof(mapped));
        struct flow f = {
                .protocol = IPPROTO_TCP,
                .is = { .idiag_family = v4 ? AF_INET : AF_INET6,
                        .id = { .idiag_sport = htons(e->local_port),
                                .idiag_dport = htons(e->port),
                                .idiag_cookie = { (uint32_t)e->ino, (uint32_t)(e->ino >> 32) } } },
        };
        int r = s->netlink < 0 ? open_netlink(d, s, &s->netlink) : 0;

        memcpy(f.is.id.idiag_src, e->from + (v4 ? 12 : 0), v4 ? 4 : 16);
        memcpy(f.is.id.idiag_dst, e->addr + (v4 ? 12 : 0), v4 ? 4 : 16);
        if (r == 0)
                r = cutter_cut(d->cutter, s->slot, s->netlink, &f, 1, false);
        if (r < 0)
                log_debug("session %s: a connection whose TLS hello is not allowed is not ended, and sends nothing: %s", s->id,
                          strerror(-r));
}
