/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session's sockets, with libunbound behind them and a name server of this test's behind that, in a network and with an /etc/resolv.conf
 * of its own. Skipped without the privileges for that.
 */
#include "unit/policy/fake_fs.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <ldns/ldns.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "resolver/server.h"

#define SLOT 3u
#define OTHER 4u
#define POLICY 5u
#define WAIT_MS 3000
#define PENDING_MAX 512 /* as in session.c */

static bool prepared; /* the network and the files are there */

struct fixture_of_session {
        struct server server;
        struct hf_policy policies[16];
        int name_server, tells;
        struct event *asked;
        struct sockaddr_in udp[HF_SLOTS], tcp[HF_SLOTS];
        unsigned n_asked;                /* queries that the name server got */
        bool silent;                     /* it does not answer, */
        struct sockaddr_in waits[16384]; /* but keeps what it was asked */
        ldns_pkt *kept[16384];
        unsigned n_kept;
};

static struct fixture_of_session f;

/* ---- the name server ----------------------------------------------------------------------------------------------------------- */

static void add_record(ldns_pkt *p, const char *text)
{
        ldns_rr *rr = NULL;

        assert_int_equal(ldns_rr_new_frm_str(&rr, text, 0, NULL, NULL), LDNS_STATUS_OK);
        assert_true(ldns_pkt_push_rr(p, ldns_rr_get_type(rr) == LDNS_RR_TYPE_SOA ? LDNS_SECTION_AUTHORITY : LDNS_SECTION_ANSWER, rr));
}

static void reply(ldns_pkt *p, const struct sockaddr_in *to)
{
        const ldns_rr *question = ldns_rr_list_rr(ldns_pkt_question(p), 0);
        char *name = ldns_rdf2str(ldns_rr_owner(question)), text[512];
        uint8_t *wire = NULL;
        size_t size;

        ldns_pkt_set_qr(p, true);
        ldns_pkt_set_ra(p, true);
        if (!strncasecmp(name, "nx", 2)) {
                ldns_pkt_set_rcode(p, LDNS_RCODE_NXDOMAIN);
                add_record(p, "example. 60 IN SOA ns.example. root.example. 1 1 1 1 60");
        } else if (ldns_rr_get_type(question) == LDNS_RR_TYPE_A) {
                snprintf(text, sizeof(text), "%s 300 IN A %s", name, strncasecmp(name, "private", 7) ? "192.0.2.7" : "10.0.0.1");
                add_record(p, text);
        }
        assert_int_equal(ldns_pkt2wire(&wire, p, &size), LDNS_STATUS_OK);
        assert_int_equal(sendto(f.name_server, wire, size, 0, (const struct sockaddr *)to, sizeof(*to)), size);
        free(wire);
        free(name);
        ldns_pkt_free(p);
}

static bool is_for(const ldns_pkt *p, const char *label)
{
        const ldns_rdf *name = ldns_rr_owner(ldns_rr_list_rr(ldns_pkt_question(p), 0));

        return ldns_rdf_size(name) > strlen(label) && !memcmp(ldns_rdf_data(name), label, strlen(label));
}

static void on_asked(evutil_socket_t fd, short what, void *context)
{
        uint8_t wire[4096];
        struct sockaddr_in from;
        socklen_t length = sizeof(from);
        ssize_t n = recvfrom(fd, wire, sizeof(wire), MSG_DONTWAIT, (struct sockaddr *)&from, &length);
        ldns_pkt *p = NULL;

        (void)what;
        (void)context;
        if (n < 0 || ldns_wire2pkt(&p, wire, (size_t)n) != LDNS_STATUS_OK)
                return;
        f.n_asked++;
        if (!f.silent || is_for(p, "\5quick")) {
                reply(p, &from);
                return;
        }
        assert_true(f.n_kept < ARRAY_SIZE(f.kept));
        f.waits[f.n_kept] = from;
        f.kept[f.n_kept++] = p;
}

static void speak(void)
{
        f.silent = false;
        for (; f.n_kept; f.n_kept--)
                reply(f.kept[f.n_kept - 1], &f.waits[f.n_kept - 1]);
}

/* ---- the network --------------------------------------------------------------------------------------------------------------- */

static int bound(int type, uint16_t port, struct sockaddr_in *ret)
{
        struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        socklen_t length = sizeof(in);

        assert_true(fd >= 0);
        assert_int_equal(bind(fd, (const struct sockaddr *)&in, sizeof(in)), 0);
        assert_true(type != SOCK_STREAM || listen(fd, 16) == 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &length), 0);
        if (ret)
                *ret = in;
        return fd;
}

static bool put_file(const char *path, const char *text)
{
        _cleanup_close_ int fd = -1;
        char from[64];

        snprintf(from, sizeof(from), "/run/%s", strrchr(path, '/') + 1);
        fd = open(from, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
                return false;
        return mount(from, path, NULL, MS_BIND, NULL) == 0;
}

static bool prepare(void)
{
        struct ifreq up = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
        int fd;

        if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("tmpfs", "/run", "tmpfs", 0, NULL) < 0)
                return false;
        fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &up) < 0)
                return false;
        close(fd);
        return put_file("/etc/resolv.conf", "nameserver 127.0.0.1\n") && put_file("/etc/hosts", "192.0.2.9 local.example\n");
}

static void put_session(uint32_t slot)
{
        static const struct ceiling none[HF_LAYERS];
        static const char text[] = EGRESS("{\"host\":\"*.example\",\"port\":443}");
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        _cleanup_close_ int memory = memfd_create("names", MFD_CLOEXEC);
        _cleanup_free_ struct hosts *hosts = NULL;
        struct policy *p = parsed(text);
        int fds[2] = { bound(SOCK_DGRAM, 0, &f.udp[slot]), bound(SOCK_STREAM, 0, &f.tcp[slot]) };

        assert_int_equal(policy_hosts(p, none, &hosts, &findings), 0);
        assert_int_equal(write(memory, hosts, hosts_size(hosts)), hosts_size(hosts));
        policy_free(p);
        assert_int_equal(session_open(&f.server, slot, slot, fds, 2), 0);
        assert_int_equal(fds[0] + fds[1], -2);
        assert_int_equal(names_rules(&f.server.sessions[slot]->names, POLICY, memory), 0);
}

static int setup(void **state)
{
        LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_NO_PREALLOC);
        int pair[2];

        (void)state;
        if (!prepared)
                return 0;
        f = (struct fixture_of_session){ 0 };
        f.policies[POLICY].active = ~0ULL;
        f.name_server = bound(SOCK_DGRAM, HF_NAME_SERVER, NULL);
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
        f.tells = pair[0];
        f.server = (struct server){ .base = event_base_new(), .tells = pair[1], .policies = f.policies };
        f.server.opened = bpf_map_create(BPF_MAP_TYPE_HASH, "opened", sizeof(struct hf_egress_key), sizeof(struct hf_egress), 64, &options);
        f.server.named = bpf_map_create(BPF_MAP_TYPE_HASH, "named", sizeof(struct hf_named_key), sizeof(struct hf_egress), 64, &options);
        prepared = f.server.opened >= 0 && f.server.named >= 0;
        f.server.upstream = upstream_new(f.server.base);
        assert_non_null(f.server.upstream);
        f.asked = event_new(f.server.base, f.name_server, EV_READ | EV_PERSIST, on_asked, NULL);
        assert_int_equal(event_add(f.asked, NULL), 0);
        put_session(SLOT);
        put_session(OTHER);
        return 0;
}

static int teardown(void **state)
{
        (void)state;
        if (!f.server.base)
                return 0;
        session_close(&f.server, f.server.sessions[SLOT]);
        session_close(&f.server, f.server.sessions[OTHER]);
        upstream_free(f.server.upstream);
        while (f.n_kept)
                ldns_pkt_free(f.kept[--f.n_kept]);
        event_free(f.asked);
        event_base_free(f.server.base);
        close(f.name_server);
        close(f.server.tells);
        close(f.server.opened);
        close(f.server.named);
        close(f.tells);
        f.server.base = NULL;
        return 0;
}

/* ---- clients ------------------------------------------------------------------------------------------------------------------- */

static void turn(void)
{
        event_base_loop(f.server.base, EVLOOP_NONBLOCK);
        usleep(1000);
}

static int client(int type, const struct sockaddr_in *to)
{
        int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

        assert_true(fd >= 0);
        assert_int_equal(connect(fd, (const struct sockaddr *)to, sizeof(*to)), 0);
        fcntl(fd, F_SETFL, O_NONBLOCK);
        return fd;
}

/* A query in wire format, after two bytes with its length. */
static size_t query(uint8_t *wire, uint16_t id, const char *name)
{
        uint8_t *made = NULL;
        ldns_pkt *p = NULL;
        size_t size;

        assert_int_equal(ldns_pkt_query_new_frm_str(&p, name, LDNS_RR_TYPE_A, LDNS_RR_CLASS_IN, LDNS_RD), LDNS_STATUS_OK);
        ldns_pkt_set_id(p, id);
        ldns_pkt_set_edns_udp_size(p, 1232);
        assert_int_equal(ldns_pkt2wire(&made, p, &size), LDNS_STATUS_OK);
        wire[0] = (uint8_t)(size >> 8);
        wire[1] = (uint8_t)size;
        memcpy(wire + 2, made, size);
        free(made);
        ldns_pkt_free(p);
        return size + 2;
}

static void ask(int fd, bool udp, uint16_t id, const char *name)
{
        uint8_t wire[1024];
        size_t size = query(wire, id, name), skip_bytes = udp ? 2 : 0;

        assert_int_equal(send(fd, wire + skip_bytes, size - skip_bytes, 0), size - skip_bytes);
}

/* The next answer; NULL: none comes. */
static ldns_pkt *hear(int fd, bool udp)
{
        uint8_t wire[65537];
        size_t n = 0;

        for (int i = 0; i < WAIT_MS; i++) {
                ssize_t now = recv(fd, wire, udp ? sizeof(wire) : 2, udp ? 0 : MSG_PEEK);
                ldns_pkt *p = NULL;

                if (now < (udp ? 12 : 2)) {
                        turn();
                        continue;
                }
                n = (size_t)now;
                if (!udp) {
                        n = 2 + ((size_t)wire[0] << 8 | wire[1]);
                        if (recv(fd, wire, n, MSG_PEEK) < (ssize_t)n) {
                                turn();
                                continue;
                        }
                        assert_int_equal(recv(fd, wire, n, 0), n);
                }
                assert_int_equal(ldns_wire2pkt(&p, wire + (udp ? 0 : 2), n - (udp ? 0 : 2)), LDNS_STATUS_OK);
                return p;
        }
        return NULL;
}

static void assert_answer(int fd, bool udp, uint16_t id, ldns_pkt_rcode rcode, uint16_t n)
{
        ldns_pkt *p = hear(fd, udp);

        assert_non_null(p);
        assert_int_equal(ldns_pkt_id(p), id);
        assert_int_equal(ldns_pkt_get_rcode(p), rcode);
        assert_int_equal(ldns_pkt_ancount(p), n);
        ldns_pkt_free(p);
}

static void drop_answers(int fd)
{
        char wire[4096];

        while (recv(fd, wire, sizeof(wire), 0) >= 0)
                ;
}

static void assert_told(uint32_t slot, enum resolver_why what, ldns_pkt_rcode rcode)
{
        struct resolver_tell t;

        assert_int_equal(recv(f.tells, &t, sizeof(t), 0), sizeof(t));
        assert_int_equal(t.slot, slot);
        assert_int_equal(t.generation, slot);
        assert_int_equal(t.what, what);
        assert_int_equal(t.rcode, rcode);
        assert_int_equal(t.lost, 0);
}

static bool is_open(const char *at)
{
        struct hf_egress_key key = { .prefix = HF_ADDRESS_BITS, .policy = POLICY, .addr = { [10] = 0xff, 0xff } };
        struct hf_egress egress;

        assert_int_equal(inet_pton(AF_INET, at, key.addr + 12), 1);
        return bpf_map_lookup_elem(f.server.opened, &key, &egress) == 0;
}

static void wait_asked(unsigned n)
{
        for (int i = 0; i < WAIT_MS && f.n_asked < n; i++)
                turn();
        assert_true(f.n_asked >= n);
}

#define NEEDS_PRIVILEGES() \
        do { \
                if (!prepared) \
                        skip(); \
        } while (0)

/* ---- tests --------------------------------------------------------------------------------------------------------------------- */

static void a_name_is_answered_and_open(void **state)
{
        int udp, tcp;

        (void)state;
        NEEDS_PRIVILEGES();
        udp = client(SOCK_DGRAM, &f.udp[SLOT]);
        tcp = client(SOCK_STREAM, &f.tcp[SLOT]);
        ask(udp, true, 7, "a.example");
        assert_answer(udp, true, 7, LDNS_RCODE_NOERROR, 1);
        assert_told(SLOT, RESOLVER_ANSWERED, LDNS_RCODE_NOERROR);
        assert_true(is_open("192.0.2.7"));
        ask(tcp, false, 8, "b.example");
        assert_answer(tcp, false, 8, LDNS_RCODE_NOERROR, 1);
        ask(tcp, false, 9, "nx.example");
        assert_answer(tcp, false, 9, LDNS_RCODE_NXDOMAIN, 0);
        ask(udp, true, 10, "local.example"); /* of /etc/hosts */
        assert_answer(udp, true, 10, LDNS_RCODE_NOERROR, 1);
        assert_true(is_open("192.0.2.9"));
        assert_int_equal(f.n_asked, 3);
        assert_int_equal(f.server.sessions[SLOT]->n_pending, 0);
        close(udp);
        close(tcp);
}

/* libunbound calls back before it returns, then, and gives the query an id. */
static void a_name_is_answered_again_without_asking(void **state)
{
        int udp, tcp;

        (void)state;
        NEEDS_PRIVILEGES();
        udp = client(SOCK_DGRAM, &f.udp[SLOT]);
        tcp = client(SOCK_STREAM, &f.tcp[OTHER]);
        for (uint16_t i = 0; i < 10; i++) {
                ask(udp, true, i, "a.example");
                assert_answer(udp, true, i, LDNS_RCODE_NOERROR, 1);
                ask(tcp, false, i, "A.EXAMPLE");
                assert_answer(tcp, false, i, LDNS_RCODE_NOERROR, 1);
        }
        assert_int_equal(f.n_asked, 1);
        assert_int_equal(f.server.sessions[SLOT]->n_pending + f.server.sessions[OTHER]->n_pending, 0);
        close(udp);
        close(tcp);
}

static void what_the_policy_refuses_is_not_asked(void **state)
{
        int udp;

        (void)state;
        NEEDS_PRIVILEGES();
        udp = client(SOCK_DGRAM, &f.udp[SLOT]);
        ask(udp, true, 7, "a.test");
        assert_answer(udp, true, 7, LDNS_RCODE_REFUSED, 0);
        assert_told(SLOT, RESOLVER_REFUSED, LDNS_RCODE_REFUSED);
        assert_int_equal(f.n_asked, 0);
        ask(udp, true, 8, "private.example");
        assert_answer(udp, true, 8, LDNS_RCODE_REFUSED, 0);
        assert_told(SLOT, RESOLVER_PRIVATE, LDNS_RCODE_REFUSED);
        assert_false(is_open("10.0.0.1"));
        close(udp);
}

static void sessions_that_ask_the_same_get_their_own_answers(void **state)
{
        int one, two;

        (void)state;
        NEEDS_PRIVILEGES();
        one = client(SOCK_DGRAM, &f.udp[SLOT]);
        two = client(SOCK_DGRAM, &f.udp[OTHER]);
        f.silent = true;
        ask(one, true, 7, "a.example");
        ask(two, true, 8, "a.example");
        ask(two, true, 9, "b.example");
        wait_asked(2);
        speak();
        assert_answer(one, true, 7, LDNS_RCODE_NOERROR, 1);
        for (int i = 0; i < 2; i++) {
                ldns_pkt *p = hear(two, true);

                assert_non_null(p);
                assert_in_range(ldns_pkt_id(p), 8, 9);
                ldns_pkt_free(p);
        }
        assert_int_equal(f.server.sessions[SLOT]->n_pending + f.server.sessions[OTHER]->n_pending, 0);
        close(one);
        close(two);
}

static void a_connection_may_go_before_its_answer(void **state)
{
        int tcp;

        (void)state;
        NEEDS_PRIVILEGES();
        tcp = client(SOCK_STREAM, &f.tcp[SLOT]);
        f.silent = true;
        ask(tcp, false, 7, "a.example");
        ask(tcp, false, 8, "b.example");
        wait_asked(2);
        close(tcp);
        for (int i = 0; i < WAIT_MS && f.server.sessions[SLOT]->n_connections; i++)
                turn();
        assert_int_equal(f.server.sessions[SLOT]->n_connections, 0);
        assert_int_equal(f.server.sessions[SLOT]->n_pending, 2);
        speak();
        for (int i = 0; i < WAIT_MS && f.server.sessions[SLOT]->n_pending; i++)
                turn();
        assert_int_equal(f.server.sessions[SLOT]->n_pending, 0);
}

static void a_session_may_go_before_its_answers(void **state)
{
        int udp, tcp;

        (void)state;
        NEEDS_PRIVILEGES();
        udp = client(SOCK_DGRAM, &f.udp[SLOT]);
        tcp = client(SOCK_STREAM, &f.tcp[SLOT]);
        f.silent = true;
        ask(udp, true, 7, "a.example");
        ask(tcp, false, 8, "b.example");
        wait_asked(2);
        session_close(&f.server, f.server.sessions[SLOT]);
        assert_null(f.server.sessions[SLOT]);
        speak();
        for (int i = 0; i < 50; i++)
                turn();
        assert_false(is_open("192.0.2.7"));
        close(udp);
        close(tcp);
}

static void upstream_may_be_made_anew_while_queries_wait(void **state)
{
        int udp;

        (void)state;
        NEEDS_PRIVILEGES();
        udp = client(SOCK_DGRAM, &f.udp[SLOT]);
        f.silent = true;
        ask(udp, true, 7, "a.example");
        wait_asked(1);
        session_give_up(&f.server, f.server.sessions[SLOT]);
        upstream_free(f.server.upstream);
        f.server.upstream = upstream_new(f.server.base);
        assert_answer(udp, true, 7, LDNS_RCODE_SERVFAIL, 0);
        assert_told(SLOT, RESOLVER_FAILED, LDNS_RCODE_SERVFAIL);
        speak();
        ask(udp, true, 8, "a.example");
        assert_answer(udp, true, 8, LDNS_RCODE_NOERROR, 1);
        close(udp);
}

static void so_many_queries_wait_at_once(void **state)
{
        int udp, other;
        char name[32];

        (void)state;
        NEEDS_PRIVILEGES();
        udp = client(SOCK_DGRAM, &f.udp[SLOT]);
        other = client(SOCK_DGRAM, &f.udp[OTHER]);
        f.silent = true;
        for (uint16_t i = 0; i < PENDING_MAX; i++) {
                snprintf(name, sizeof(name), "n%u.example", i);
                ask(udp, true, i, name);
                if (i % 32 == 31)
                        turn();
        }
        for (int i = 0; i < WAIT_MS && f.server.sessions[SLOT]->n_pending < PENDING_MAX; i++)
                turn();
        assert_int_equal(f.server.sessions[SLOT]->n_pending, PENDING_MAX);
        ask(udp, true, 999, "more.example");
        assert_answer(udp, true, 999, LDNS_RCODE_SERVFAIL, 0);
        session_give_up(&f.server, f.server.sessions[SLOT]); /* what is given up is still on its way */
        drop_answers(udp);
        ask(udp, true, 999, "more.example");
        assert_answer(udp, true, 999, LDNS_RCODE_SERVFAIL, 0);
        ask(other, true, 1, "quick.example"); /* the other session is served all the same */
        assert_answer(other, true, 1, LDNS_RCODE_NOERROR, 1);
        close(udp);
        close(other);
}

/* More than are answered in one go. */
static void many_queries_may_come_in_one_piece(void **state)
{
        static uint8_t wire[65536];
        size_t size = 0;
        int tcp;

        (void)state;
        NEEDS_PRIVILEGES();
        tcp = client(SOCK_STREAM, &f.tcp[SLOT]);
        for (uint16_t i = 0; i < 1000; i++)
                size += query(wire + size, i, "a.test");
        assert_int_equal(send(tcp, wire, size, 0), size);
        for (uint16_t i = 0; i < 1000; i++)
                assert_answer(tcp, false, i, LDNS_RCODE_REFUSED, 0);
        close(tcp);
}

static void a_session_may_go_while_a_piece_is_answered(void **state)
{
        static uint8_t wire[65536];
        size_t size = 0;
        int tcp;

        (void)state;
        NEEDS_PRIVILEGES();
        tcp = client(SOCK_STREAM, &f.tcp[SLOT]);
        for (uint16_t i = 0; i < 1000; i++)
                size += query(wire + size, i, "a.test");
        assert_int_equal(send(tcp, wire, size, 0), size);
        for (int i = 0; i < WAIT_MS && recv(tcp, wire, 1, MSG_PEEK) != 1; i++)
                event_base_loop(f.server.base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
        session_close(&f.server, f.server.sessions[SLOT]);
        for (int i = 0; i < 10; i++)
                turn();
        close(tcp);
}

/* The rest is counted, and told of with the next. */
static void so_many_queries_are_told_of_in_a_second(void **state)
{
        static const unsigned most = 2 * QUERIES_A_SECOND;
        struct resolver_tell t = { .what = RESOLVER_LIMIT };
        struct client_session *s = f.server.sessions[SLOT];
        unsigned told = 0, i = 0;
        uint64_t lost = 0;

        (void)state;
        NEEDS_PRIVILEGES();
        for (uint32_t now = server_now(); server_now() == now;) /* from the beginning of a second */
                ;
        for (; i < 2 * most && s->told_at != server_now() - 1; i++) {
                told += server_tell(&f.server, s, &t);
                assert_int_equal(recv(f.tells, &t, sizeof(t), 0) < 0, told <= i);
        }
        assert_int_equal(told, most);
        assert_int_equal(s->lost, i - most);
        t.what = RESOLVER_EXPIRED;
        assert_true(server_tell(&f.server, s, &t));
        assert_int_equal(recv(f.tells, &t, sizeof(t), 0), sizeof(t));
        lost = t.lost;
        assert_int_equal(lost, i - most);
        assert_int_equal(s->lost, 0);
        assert_true(server_tell(&f.server, f.server.sessions[OTHER], &t));
}

static void what_is_no_query_is_dropped(void **state)
{
        static const char bad[] = "\0\0\0\1x\0\4abcd\0\14\0\0\200\0\0\0\0\0\0\0\0\0";
        int udp, tcp;

        (void)state;
        NEEDS_PRIVILEGES();
        udp = client(SOCK_DGRAM, &f.udp[SLOT]);
        tcp = client(SOCK_STREAM, &f.tcp[SLOT]);
        assert_int_equal(send(udp, "", 0, 0), 0);
        assert_int_equal(send(udp, bad + 13, 12, 0), 12);
        assert_int_equal(send(tcp, bad, sizeof(bad) - 1, 0), sizeof(bad) - 1);
        ask(udp, true, 7, "a.example");
        ask(tcp, false, 8, "a.example");
        assert_answer(udp, true, 7, LDNS_RCODE_NOERROR, 1);
        assert_answer(tcp, false, 8, LDNS_RCODE_NOERROR, 1);
        close(udp);
        close(tcp);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(a_name_is_answered_and_open, setup, teardown),
                cmocka_unit_test_setup_teardown(a_name_is_answered_again_without_asking, setup, teardown),
                cmocka_unit_test_setup_teardown(what_the_policy_refuses_is_not_asked, setup, teardown),
                cmocka_unit_test_setup_teardown(sessions_that_ask_the_same_get_their_own_answers, setup, teardown),
                cmocka_unit_test_setup_teardown(a_connection_may_go_before_its_answer, setup, teardown),
                cmocka_unit_test_setup_teardown(a_session_may_go_before_its_answers, setup, teardown),
                cmocka_unit_test_setup_teardown(upstream_may_be_made_anew_while_queries_wait, setup, teardown),
                cmocka_unit_test_setup_teardown(so_many_queries_wait_at_once, setup, teardown),
                cmocka_unit_test_setup_teardown(many_queries_may_come_in_one_piece, setup, teardown),
                cmocka_unit_test_setup_teardown(a_session_may_go_while_a_piece_is_answered, setup, teardown),
                cmocka_unit_test_setup_teardown(so_many_queries_are_told_of_in_a_second, setup, teardown),
                cmocka_unit_test_setup_teardown(what_is_no_query_is_dropped, setup, teardown),
        };

        prepared = prepare();
        return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
