/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/resolver.h"

#include "base/json.h"
#include "base/log.h"
#include "base/time.h"
#include "daemon/daemon.h"
#include "daemon/event_json.h"
#include "daemon/events.h"
#include "daemon/flows.h"
#include "daemon/netns.h"
#include "holdfast/decide.h"

#include <fcntl.h>
#include <ldns/ldns.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define PATIENCE 20                       /* s until an order is answered: the first waits for the process to begin */
#define WAITING_MAX 4096                  /* more than fit into the socket */
#define AT_ONCE 64                        /* queries that are told of before other work has its turn */
#define PRIORITY 10                       /* as that of the kernel's events */
#define TRIES 64                          /* to find a port that is free for all sockets */
#define BUFFER 4194304                    /* bytes of what is told, and not read yet */
#define BETWEEN_ENDS (60 * 1000000000ull) /* ns */
#define QUEUE 1024                        /* connections that wait to be accepted */

/* ---- sockets ------------------------------------------------------------------------------------------------------------------- */

static int bound(int family, int type, uint16_t port)
{
        const struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        const struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
        _cleanup_close_ int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        const int one = 1, buffer = BUFFER;

        if (fd < 0)
                return -errno;
        if (family == AF_INET6)
                setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
        setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer));
        if (bind(fd, family == AF_INET ? (const struct sockaddr *)&v4 : (const struct sockaddr *)&v6,
                 family == AF_INET ? sizeof(v4) : sizeof(v6)) < 0)
                return -errno;
        if (type == SOCK_STREAM && listen(fd, QUEUE) < 0)
                return -errno;
        return TAKE_FD(fd);
}

static void close_sockets(int fds[RESOLVER_SOCKETS])
{
        for (int i = 0; i < RESOLVER_SOCKETS; i++) {
                cleanup_close(&fds[i]);
                fds[i] = -1;
        }
}

static uint16_t port_of(int fd)
{
        struct sockaddr_in in = { 0 };
        socklen_t length = sizeof(in);

        return getsockname(fd, (struct sockaddr *)&in, &length) < 0 ? 0 : ntohs(in.sin_port);
}

/* One port for all of them. IPv6 may be missing. */
static int make_sockets(int fds[RESOLVER_SOCKETS], uint16_t *port)
{
        int r = 0;

        for (int i = 0; i < TRIES; i++) {
                fds[RESOLVER_UDP4] = r = bound(AF_INET, SOCK_DGRAM, 0);
                if (r < 0)
                        return r;
                *port = port_of(fds[RESOLVER_UDP4]);
                fds[RESOLVER_TCP4] = r = bound(AF_INET, SOCK_STREAM, *port);
                if (r >= 0)
                        fds[RESOLVER_UDP6] = r = bound(AF_INET6, SOCK_DGRAM, *port);
                if (r >= 0)
                        fds[RESOLVER_TCP6] = r = bound(AF_INET6, SOCK_STREAM, *port);
                if (r >= 0)
                        return 0;
                if (r == -EAFNOSUPPORT || r == -EADDRNOTAVAIL) {
                        cleanup_close(&fds[RESOLVER_UDP6]);
                        fds[RESOLVER_UDP6] = -1;
                        return 0;
                }
                close_sockets(fds);
                if (r != -EADDRINUSE)
                        return r;
        }
        return r;
}

/* Makes them in the network namespace of a process. */
static int make_sockets_of(pid_t pid, int fds[RESOLVER_SOCKETS], uint16_t *port)
{
        int own, r = netns_enter(pid, &own);

        if (r < 0)
                return r;
        r = make_sockets(fds, port);
        netns_leave(own);
        return r;
}

/* ---- orders -------------------------------------------------------------------------------------------------------------------- */

static int send_order(int fd, const struct resolver_order *o, const int *fds, size_t n)
{
        union {
                struct cmsghdr header;
                char room[CMSG_SPACE(RESOLVER_SOCKETS * sizeof(int))];
        } control;
        struct iovec iov = { (void *)o, sizeof(*o) };
        struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };
        resolver_answer answer;

        if (n) {
                control.header = (struct cmsghdr){ CMSG_LEN(n * sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
                memcpy(CMSG_DATA(&control.header), fds, n * sizeof(int));
                h.msg_control = &control;
                h.msg_controllen = CMSG_SPACE(n * sizeof(int));
        }
        if (sendmsg(fd, &h, MSG_NOSIGNAL) < 0)
                return -EPIPE;
        return recv(fd, &answer, sizeof(answer), 0) == sizeof(answer) ? -(int)answer : -EPIPE;
}

static void end_process(struct daemon *d)
{
        struct resolver *r = &d->resolver;

        r->tells = sd_event_source_disable_unref(r->tells);
        cleanup_close(&r->orders);
        r->orders = -1;
        if (r->pid > 0) {
                kill(r->pid, SIGKILL);
                waitpid(r->pid, NULL, 0);
        }
        r->pid = 0;
        for (size_t i = 0; i < d->sessions.count; i++)
                d->sessions.list[i]->resolver.known = false;
}

/* -EPIPE: it is gone, or silent, and then ended. */
static int order(struct daemon *d, enum resolver_verb verb, const struct session *s, uint32_t policy, const int *fds, size_t n)
{
        const struct resolver_order o = { .verb = verb, .slot = s->slot, .generation = s->generation, .policy = policy };
        int r = d->resolver.orders < 0 ? -EPIPE : send_order(d->resolver.orders, &o, fds, n);

        if (r == -EPIPE)
                end_process(d);
        return r;
}

static int order_open(struct daemon *d, const struct session *s)
{
        const struct session_resolver *r = &s->resolver;

        return order(d, RESOLVER_OPEN, s, 0, r->sockets, r->sockets[RESOLVER_UDP6] < 0 ? 2 : RESOLVER_SOCKETS);
}

/* ---- what it tells ------------------------------------------------------------------------------------------------------------- */

/* The whys of the daemon's words. */
static enum hf_why why_of(const struct resolver_tell *t)
{
        return t->what == RESOLVER_PRIVATE ? HF_WHY_PRIVATE : t->what == RESOLVER_LIMIT ? HF_WHY_LIMIT : (enum hf_why)t->why;
}

static void add_answer(cJSON *o, const struct resolver_tell *t)
{
        const ldns_lookup_table *rcode = ldns_lookup_by_id(ldns_rcodes, t->rcode);
        cJSON *list = cJSON_AddArrayToObject(o, "addrs");
        char number[16], text[48];
        char *type = ldns_rr_type2str(t->type);

        snprintf(number, sizeof(number), "%u", t->rcode);
        json_add_bytes(o, "host", t->name, strnlen(t->name, sizeof(t->name)));
        cJSON_AddStringToObject(o, "type", type ? type : "unknown");
        cJSON_AddStringToObject(o, "proto", proto_name(t->proto));
        cJSON_AddStringToObject(o, "rcode", rcode ? rcode->name : number);
        for (unsigned i = 0; list && i < t->n_addr && i < RESOLVER_ADDRESSES; i++)
                cJSON_AddItemToArray(list, cJSON_CreateString(address_text(t->addr[i], text)));
        free(type);
}

static void report_lost(struct daemon *d, const struct session *s, uint64_t count)
{
        cJSON *o = event_begin(d, s, "lost", NULL, NULL);

        if (o) {
                json_add_u64(o, "count", count);
                json_add_u64(o, "lost_dns", count);
                cJSON_AddStringToObject(o, "reason", "the resolver answered faster than its queries were written");
        }
        d->metrics.lost += count;
        event_emit_now(d, o);
}

/* Whether the policy has it told that a name was answered; the kernel's record of it says so for its capabilities. */
static bool is_told(struct daemon *d, const struct session *s, const struct resolver_tell *t)
{
        const struct rule *rule = t->policy == s->policy_id ? policy_rule(s->policy, hf_rule_number(t->rule)) : NULL;

        return !rule || (kernel_policy(d->kernel, s->policy_id)->audit[HF_AUDIT_DNS] >> rule->capability & 1);
}

static void report_query(struct daemon *d, struct session *s, const struct resolver_tell *t)
{
        const bool denied = t->what != RESOLVER_ANSWERED && t->what != RESOLVER_FAILED;
        const struct hf_event decision = { .rule = t->rule, .why = (uint8_t)why_of(t), .flags = denied ? HF_EVENT_DENIED : 0 };
        const bool current = t->policy == s->policy_id;
        const struct event_context context = { .policy = current ? s->policy : NULL, .ceilings = current ? s->ceilings.list : NULL };
        cJSON *o = event_begin(d, s, "dns", denied ? "deny" : "allow", NULL);

        if (o) {
                cJSON_AddStringToObject(o, "right", "query");
                cJSON_AddStringToObject(o, "op", "query");
                add_answer(o, t);
                event_add_decision(o, &decision, &context);
                if (denied)
                        recent_note(&s->recent, o, time_now(CLOCK_REALTIME));
        }
        event_emit_now(d, o);
}

static void note_names(struct session *s, const struct resolver_tell *t)
{
        for (unsigned i = 0; t->what == RESOLVER_ANSWERED && i < t->n_addr && i < RESOLVER_ADDRESSES; i++)
                hostnames_note(&s->hostnames, t->addr[i], t->name, sizeof(t->name));
}

static void hear(struct daemon *d, const struct resolver_tell *t)
{
        struct session *s = sessions_by_slot(&d->sessions, t->slot, t->generation);

        if (!s)
                return;
        metrics_resolver(&d->metrics, t->what);
        s->trips.lost += t->lost;
        if (t->lost)
                report_lost(d, s, t->lost);
        if (t->what != RESOLVER_EXPIRED) {
                note_names(s, t);
                if (t->what != RESOLVER_ANSWERED || is_told(d, s, t))
                        report_query(d, s, t);
                trips_name(d, s, t->name);
                return;
        }
        __atomic_store_n(&kernel_session(d->kernel, s->slot)->flows, 1, __ATOMIC_RELEASE);
        /* No byte leaves from here on. To end what is connected takes a look at all sockets: not for each address that a session lets come
         * and go. */
        if (time_now(CLOCK_BOOTTIME) - s->resolver.ended < BETWEEN_ENDS)
                return;
        s->resolver.ended = time_now(CLOCK_BOOTTIME);
        flows_end(d, s);
}

/* Whether there may be more. */
static bool hear_some(struct daemon *d, int fd)
{
        struct resolver_tell t;

        for (int i = 0; i < AT_ONCE; i++) {
                ssize_t n = recv(fd, &t, sizeof(t), MSG_DONTWAIT);

                if (n == sizeof(t)) {
                        hear(d, &t);
                        continue;
                }
                if (n >= 0 || (errno != EAGAIN && errno != EINTR)) /* it has ended: the next tick starts another */
                        end_process(d);
                return false;
        }
        return true;
}

static int on_tell(sd_event_source *source, int fd, uint32_t revents, void *context)
{
        (void)source;
        (void)revents;
        hear_some(context, fd);
        return 0;
}

void resolver_hear(struct daemon *d)
{
        if (d->resolver.tells)
                hear_some(d, sd_event_source_get_io_fd(d->resolver.tells));
}

void resolver_finish(struct daemon *d, struct session *s)
{
        const bool known = s->resolver.known;

        resolver_end(d, s);
        for (int i = 0; known && i < WAITING_MAX / AT_ONCE && d->resolver.tells; i++)
                if (!hear_some(d, sd_event_source_get_io_fd(d->resolver.tells)))
                        break;
}

/* ---- the process --------------------------------------------------------------------------------------------------------------- */

/* In the child: nothing of the daemon's but what it is given. */
static _Noreturn void become_resolver(const int given[RESOLVER_FDS])
{
        int null = open("/dev/null", O_RDWR), high[RESOLVER_FDS];
        sigset_t none;

        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        for (int i = RESOLVER_FD_ORDERS; i < RESOLVER_FDS; i++)
                high[i] = fcntl(given[i], F_DUPFD, 2 * RESOLVER_FDS);
        for (int i = RESOLVER_FD_ORDERS; i < RESOLVER_FDS; i++)
                if (high[i] < 0 || dup2(high[i], i) < 0)
                        _exit(1);
        dup2(null, 0);
        dup2(null, 1);
        if (chdir("/") < 0)
                _exit(1);
        close_range(RESOLVER_FDS, ~0U, 0);
        execl("/proc/self/exe", RESOLVER_NAME, NULL); /* into memory that has nothing of the daemon's */
        _exit(1);
}

static int make_pair(int pair[2])
{
        const struct timeval patience = { PATIENCE, 0 };
        const int buffer = BUFFER;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return -errno;
        for (int i = 0; i < 2; i++) {
                setsockopt(pair[i], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
                setsockopt(pair[i], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
                setsockopt(pair[i], SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof(buffer));
        }
        return 0;
}

static int start_process(struct daemon *d)
{
        int orders[2] = { -1, -1 }, tells[2] = { -1, -1 };
        int given[RESOLVER_FDS] = {
                [RESOLVER_FD_OPENED] = kernel_opened_fd(d->kernel),
                [RESOLVER_FD_NAMED] = kernel_named_fd(d->kernel),
                [RESOLVER_FD_POLICIES] = kernel_policies_fd(d->kernel),
        };
        int r = make_pair(orders);
        pid_t pid = -1;

        if (r == 0)
                r = make_pair(tells);
        given[RESOLVER_FD_ORDERS] = orders[1];
        given[RESOLVER_FD_TELLS] = tells[1];
        if (r == 0 && (pid = fork()) < 0)
                r = -errno;
        if (pid == 0)
                become_resolver(given);
        if (r == 0)
                r = sd_event_add_io(d->event, &d->resolver.tells, tells[0], EPOLLIN, on_tell, d);
        cleanup_close(&orders[1]);
        cleanup_close(&tells[1]);
        if (pid > 0) {
                d->resolver.pid = pid;
                d->metrics.resolvers++;
                d->resolver.orders = TAKE_FD(orders[0]);
        }
        if (r >= 0) {
                sd_event_source_set_io_fd_own(d->resolver.tells, true);
                (void)TAKE_FD(tells[0]);
                r = sd_event_source_set_priority(d->resolver.tells, PRIORITY);
        }
        cleanup_close(&orders[0]);
        cleanup_close(&tells[0]);
        if (r < 0)
                end_process(d);
        return r < 0 ? r : 0;
}

/* Tells it of a session that it does not know. */
static int introduce(struct daemon *d, struct session *s)
{
        int r = order_open(d, s);

        if (r == 0 && s->resolver.names >= 0)
                r = order(d, RESOLVER_RULES, s, s->policy_id, &s->resolver.names, 1);
        s->resolver.known = r == 0;
        return r;
}

/* Starts one where none runs, and tells it of all sessions that have names and that it does not know. */
static int start(struct daemon *d)
{
        int r = d->resolver.pid ? 0 : start_process(d);

        for (size_t i = 0; i < d->sessions.count && d->resolver.pid; i++) {
                struct session *s = d->sessions.list[i];
                int now;

                if (!s->live || s->resolver.names < 0 || s->resolver.known)
                        continue;
                /* A process before knew until when what it had opened is open, and would have told: now the kernel looks by itself. */
                __atomic_store_n(&kernel_session(d->kernel, s->slot)->flows, 1, __ATOMIC_RELEASE);
                now = introduce(d, s);
                r = r ? r : now;
        }
        return d->resolver.pid ? r : -EPIPE;
}

void resolver_tick(struct daemon *d)
{
        bool wanted = false;

        for (size_t i = 0; i < d->sessions.count; i++)
                wanted |= d->sessions.list[i]->live && d->sessions.list[i]->resolver.names >= 0 && !d->sessions.list[i]->resolver.known;
        if (!wanted)
                return;
        if (!d->resolver.pid)
                log_warning("the resolver has ended: starting another");
        if (start(d) < 0)
                log_error("the resolver does not serve all sessions: some get no answers to their queries of names");
}

void resolver_stop(struct daemon *d)
{
        end_process(d);
}

/* ---- sessions ------------------------------------------------------------------------------------------------------------------ */

void session_resolver_clear(struct session_resolver *r)
{
        close_sockets(r->sockets);
        cleanup_close(&r->names);
        cleanup_close(&r->next);
        *r = (struct session_resolver)SESSION_RESOLVER_INIT;
}

/* Memory with the table, which nobody changes any more. */
static int memory_of(const struct hosts *hosts)
{
        _cleanup_close_ int fd = memfd_create("holdfast-names", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        const size_t size = hosts_size(hosts);

        if (fd < 0)
                return -errno;
        if (write(fd, hosts, size) != (ssize_t)size)
                return errno ? -errno : -EIO;
        if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
                return -errno;
        return TAKE_FD(fd);
}

/* Gives the session its sockets. */
static int make_there(struct daemon *d, struct session *s, pid_t pid, struct error *e)
{
        struct session_resolver *r = &s->resolver;
        int code = make_sockets_of(pid, r->sockets, &r->port);

        if (code < 0)
                return error_set(e, code, "cannot make the resolver's sockets: %s", strerror(-code));
        r->there = true;
        for (int i = 0; i < RESOLVER_SOCKETS && code >= 0; i++)
                code = r->sockets[i] < 0 ? 0 : kernel_resolver_socket(d->kernel, r->sockets[i], s->slot, s->generation);
        return code < 0 ? error_set(e, code, "cannot mark the resolver's sockets: %s", strerror(-code)) : 0;
}

static void unmake(struct daemon *d, struct session *s)
{
        __atomic_store_n(&kernel_session(d->kernel, s->slot)->resolver, 0, __ATOMIC_RELEASE);
        session_resolver_clear(&s->resolver);
}

int resolver_prepare(struct daemon *d, struct session *s, pid_t pid, uint32_t policy, const struct hosts *hosts, struct error *e)
{
        struct session_resolver *r = &s->resolver;
        int code;

        if (!hosts)
                return 0;
        r->next = code = memory_of(hosts);
        if (code < 0)
                return error_set(e, code, "cannot hand the policy's names to the resolver: %s", strerror(-code));
        code = r->there ? 0 : make_there(d, s, pid, e);
        if (code >= 0) {
                start(d);
                code = r->known ? 0 : introduce(d, s);
                if (code == 0)
                        code = order(d, RESOLVER_RULES, s, policy, &r->next, 1);
                if (code < 0)
                        error_set(e, code, "the resolver does not take the policy's names: %s", strerror(-code));
        }
        if (code < 0)
                resolver_take_back(d, s, policy);
        else
                __atomic_store_n(&kernel_session(d->kernel, s->slot)->resolver, r->port, __ATOMIC_RELEASE);
        return code < 0 ? code : 0;
}

void resolver_switched(struct daemon *d, struct session *s, uint32_t old)
{
        struct session_resolver *r = &s->resolver;

        if (r->next < 0) {
                resolver_end(d, s);
                return;
        }
        if (old && r->names >= 0)
                order(d, RESOLVER_DROP, s, old, NULL, 0);
        cleanup_close(&r->names);
        r->names = r->next;
        r->next = -1;
}

void resolver_take_back(struct daemon *d, struct session *s, uint32_t policy)
{
        struct session_resolver *r = &s->resolver;

        cleanup_close(&r->next);
        r->next = -1;
        if (r->names >= 0)
                order(d, RESOLVER_DROP, s, policy, NULL, 0);
        else
                resolver_end(d, s);
}

void resolver_end(struct daemon *d, struct session *s)
{
        if (s->resolver.known)
                order(d, RESOLVER_CLOSE, s, 0, NULL, 0);
        unmake(d, s);
}

static int restore(struct daemon *d, struct session *s, struct error *e)
{
        const struct hf_session *record = kernel_session(d->kernel, s->slot);
        _cleanup_free_ struct hosts *hosts = NULL;
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        pid_t pid = record->resolver && s->policy ? session_member(d, s) : 0;
        int r;

        if (pid <= 0)
                return 0;
        r = policy_hosts(s->policy, s->ceilings.list, &hosts, &findings);
        if (r < 0)
                return error_set(e, r, "the names of its policy cannot be read: %s", strerror(-r));
        if (!hosts)
                return 0;
        s->resolver.names = r = memory_of(hosts);
        if (r >= 0)
                r = make_there(d, s, pid, e);
        return r;
}

void resolver_restore(struct daemon *d)
{
        for (size_t i = 0; i < d->sessions.count; i++) {
                struct session *s = d->sessions.list[i];
                _cleanup_error_ struct error e = ERROR_INIT;

                if (!s->live)
                        continue;
                if (restore(d, s, &e) < 0) {
                        log_error("session %s: its queries of names get no answers: %s", s->id, error_text(&e));
                        session_resolver_clear(&s->resolver);
                }
                /* The port of before may be anybody's by now. */
                __atomic_store_n(&kernel_session(d->kernel, s->slot)->resolver, s->resolver.there ? s->resolver.port : 0, __ATOMIC_RELEASE);
        }
        resolver_tick(d);
}
