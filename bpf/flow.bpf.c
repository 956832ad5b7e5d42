/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Tells of the TCP connections that a session's sockets make or accept: when each stands, and when it is over, with its bytes both ways.
 * Attached to its cgroup; the kernel asks a few times in the life of a connection, and for no packet. What its own sockets say to each
 * other on loopback is not told of, nor what goes to its resolver.
 */
#include "connection.bpf.h"
#include "throttle.bpf.h"

#define SOL_SOCKET 1
#define SO_MAX_PACING_RATE 47
#define SHUTDOWN_BOTH 3
#define MADE 4096  /* connections of all sessions; a session that uses them up makes connecting slower, and nothing else */
#define HOMES 4096 /* connections of all sessions with themselves; of more, the accepted ends are told of */

/*
 * Of one that was made, until it is over; of more than these, in the other. An entry costs half of what storage at a socket does. It stays
 * where the socket outlives the session, because another process has it.
 */
struct {
        __uint(type, BPF_MAP_TYPE_HASH);
        __uint(max_entries, MADE);
        __type(key, __u64); /* cookie of the socket */
        __type(value, struct connection);
} made_connections MAP;

/* What is accepted inherits that of its listener. */
struct {
        __uint(type, BPF_MAP_TYPE_SK_STORAGE);
        __uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
        __type(key, int);
        __type(value, struct connection);
} connections MAP;

struct way {
        __u64 net; /* cookie of the network namespace */
        __u8 from[16], to[16];
        __u16 from_port, to_port;
        __u32 pad;
};

/* Where a session has connected to itself, and which, for the other end. */
struct {
        __uint(type, BPF_MAP_TYPE_LRU_HASH);
        __uint(max_entries, HOMES);
        __type(key, struct way);
        __type(value, struct hf_task);
} homes MAP;

static __always_inline void address_here(struct peer_address *p, struct sock *sk)
{
        if (sk->__sk_common.skc_family == AF_INET6)
                BPF_CORE_READ_INTO(&p->addr, sk, __sk_common.skc_v6_rcv_saddr);
        else
                address_v4(p, sk->__sk_common.skc_rcv_saddr, 0);
        p->port = sk->__sk_common.skc_num;
}

/* made: from this end to the other; else the other way. */
static __always_inline void way_of(struct bpf_sock_ops *ctx, struct way *w, struct sock *sk, bool made)
{
        struct peer_address here = {}, there;

        address_here(&here, sk);
        address_of_peer(&there, sk);
        __builtin_memset(w, 0, sizeof(*w));
        w->net = bpf_get_netns_cookie(ctx);
        __builtin_memcpy(w->from, made ? here.addr : there.addr, sizeof(w->from));
        __builtin_memcpy(w->to, made ? there.addr : here.addr, sizeof(w->to));
        w->from_port = made ? here.port : there.port;
        w->to_port = made ? there.port : here.port;
}

/* Whether the kernel asks when its state changes. */
static __always_inline void ask_for_states(struct bpf_sock_ops *ctx, bool asks)
{
        const int others = ctx->bpf_sock_ops_cb_flags & ~BPF_SOCK_OPS_STATE_CB_FLAG;

        bpf_sock_ops_cb_flags_set(ctx, asks ? others | BPF_SOCK_OPS_STATE_CB_FLAG : others);
}

static __always_inline struct connection *connection_of(struct bpf_sock_ops *ctx, struct bpf_sock *of)
{
        __u64 cookie = bpf_get_socket_cookie(ctx);
        struct connection *c = bpf_map_lookup_elem(&made_connections, &cookie);

        return c ? c : bpf_sk_storage_get(&connections, of, NULL, 0);
}

/* NULL: there is no memory for it. */
static __always_inline struct connection *connection_note(struct bpf_sock_ops *ctx, struct bpf_sock *of, const struct connection *value)
{
        __u64 cookie = bpf_get_socket_cookie(ctx);
        struct connection *c;

        if (value->made && !bpf_map_update_elem(&made_connections, &cookie, value, BPF_ANY))
                return bpf_map_lookup_elem(&made_connections, &cookie);
        c = bpf_sk_storage_get(&connections, of, NULL, BPF_SK_STORAGE_GET_F_CREATE);
        if (c)
                *c = *value;
        return c;
}

/* Nothing is to be told of it any more. */
static __always_inline void connection_forget(struct bpf_sock_ops *ctx, const struct connection *c)
{
        __u64 cookie = bpf_get_socket_cookie(ctx);

        ask_for_states(ctx, false);
        if (c->made)
                bpf_map_delete_elem(&made_connections, &cookie);
}

/* Whether the program that saw it connect, under the same lock of the socket, found another of the session's at the other end. */
static __always_inline bool goes_home(struct bpf_sock *of, const struct agent *a)
{
        struct hf_task *owner = bpf_sk_storage_get(&owners, of, NULL, 0);

        return is_own(a, owner) && (owner->kind == HF_SOCKET_HOME || owner->kind == HF_SOCKET_WITHIN);
}

static __always_inline void note_home(struct bpf_sock_ops *ctx, struct bpf_sock *of, struct connection *c, struct sock *sk)
{
        struct hf_task own = {};
        struct peer_address p;
        struct agent a;
        struct way w;

        address_of_peer(&p, sk);
        if (!is_loopback(&p) || !session_is(&a) || !goes_home(of, &a))
                return;
        make_own(&a, &own);
        way_of(ctx, &w, sk, true);
        bpf_map_update_elem(&homes, &w, &own, BPF_ANY);
        c->home = true;
}

/* A socket begins to connect, or to listen, in the system call that asks for it. */
static __always_inline void on_asked(struct bpf_sock_ops *ctx, struct bpf_sock *of, bool made)
{
        struct tcp_sock *tcp = bpf_skc_to_tcp_sock(of);
        struct connection value = { .made = made }, *c;

        connection_by_current(&value);
        c = connection_note(ctx, of, &value);
        if (!c || !tcp || !made)
                return;
        ask_for_states(ctx, true); /* also for the end of one that comes to nothing */
        note_home(ctx, of, c, (struct sock *)tcp);
}

static __always_inline void tell(const struct agent *a, const struct connection *c, struct sock *sk, __u16 op, __u32 rule, struct bytes b)
{
        struct report r = { .kind = HF_EVENT_CONNECT, .op = op, .proto = HF_TCP, .rule = rule, .detail = sk->__sk_common.skc_num };
        struct peer_address p;

        address_of_peer(&p, sk);
        r.port = p.port;
        __builtin_memcpy(r.addr, p.addr, sizeof(r.addr));
        emit(a, c, &r, &b);
}

static __always_inline bool to_resolver(const struct agent *a, const struct peer_address *p)
{
        bool v4 = p->addr[10] == 0xff && *(const __u32 *)(p->addr + 12) == __builtin_bswap32(0x7f000001);

        return p->port == a->session->resolver && is_loopback(p) && (v4 || !p->addr[10]);
}

static __always_inline bool from_home(struct bpf_sock_ops *ctx, const struct agent *a, struct sock *sk)
{
        struct way w;

        way_of(ctx, &w, sk, false);
        return is_own(a, bpf_map_lookup_elem(&homes, &w));
}

/* So that one connection keeps to a throttle by itself, rather than run into it over and over. */
static __always_inline void pace(struct bpf_sock_ops *ctx, const struct agent *a, const struct peer_address *p)
{
        struct hf_throttle_key key;
        struct hf_throttle *t;
        __u32 rate;

        if (!a->session->throttled)
                return;
        t = throttle_of(a, p, HF_TCP, &key);
        if (!t || !t->bytes || t->bytes > 0x7fffffff)
                return;
        rate = t->bytes;
        bpf_setsockopt(ctx, SOL_SOCKET, SO_MAX_PACING_RATE, &rate, sizeof(rate));
}

/* It stands. */
static __always_inline void on_made(struct bpf_sock_ops *ctx, struct bpf_sock *of, bool made)
{
        struct connection *c = connection_of(ctx, of);
        struct tcp_sock *tcp = bpf_skc_to_tcp_sock(of);
        struct sock *sk = (struct sock *)tcp;
        struct peer_address p;
        struct agent a;
        __u32 rule = 0;

        if (!c)
                c = bpf_sk_storage_get(&connections, of, NULL, BPF_SK_STORAGE_GET_F_CREATE);
        if (!tcp || (c && c->home) || !session_is(&a))
                return;
        if (!c) {
                event_lost(a.session, HF_EVENT_CONNECT);
                return;
        }
        c->made |= made;
        address_of_peer(&p, sk);
        if (is_loopback(&p) && (c->made ? to_resolver(&a, &p) : from_home(ctx, &a, sk)))
                return;
        member_policy(&a);
        if (c->made)
                pace(ctx, &a, &p);
        if (c->made && net_decide(&a, &p, HF_TCP, HF_GRACE, &rule) != HF_WHY_ALLOWED)
                rule = 0; /* it has been taken away since */
        if (c->made && rule && !net_told(&a, &p, HF_TCP))
                return;
        ask_for_states(ctx, true);
        c->told = true;
        tell(&a, c, sk, c->made ? HF_OP_CONNECT : HF_OP_ACCEPT, rule, (struct bytes){});
}

/* The states in which the end of what is sent, which counts as a byte of it, is queued too. */
#define END_QUEUED (1 << TCP_FIN_WAIT1 | 1 << TCP_FIN_WAIT2 | 1 << TCP_CLOSING | 1 << TCP_LAST_ACK)

/*
 * How many bytes went over it. Those that wait in its queue count: they arrive. Where the kernel throws them away (away), those that have
 * left count.
 */
static __always_inline struct bytes bytes_of(const struct tcp_sock *tcp, const struct connection *c, int from, bool away)
{
        __u32 end = away ? tcp->snd_nxt : tcp->write_seq;
        struct sock_common *common = (struct sock_common *)tcp;
        struct bytes b;

        b.sent = tcp->bytes_acked + (__u32)(end - tcp->snd_una) - c->made; /* the beginning counts too, of what was made */
        if ((END_QUEUED & 1 << from) && end == tcp->write_seq)
                b.sent--;
        b.received = tcp->bytes_received - ((common->skc_flags >> SOCK_DONE) & 1); /* the other's end */
        return b;
}

/*
 * Its state changes. It is over when the session neither sends nor receives any more, though the kernel may still send what it has left: so
 * that is told before the last of its processes is gone.
 */
static __always_inline void on_state(struct bpf_sock_ops *ctx, struct bpf_sock *of)
{
        struct connection *c = connection_of(ctx, of);
        bool closed = ctx->args[1] == TCP_CLOSE, over = closed;
        struct tcp_sock *tcp = bpf_skc_to_tcp_sock(of);
        struct sock *sk = (struct sock *)tcp;
        int from = ctx->args[0] & 15;
        struct agent a;
        struct way w;

        if (!c || !tcp)
                return;
        if (c->home && closed) {
                way_of(ctx, &w, sk, true);
                bpf_map_delete_elem(&homes, &w);
                c->home = false;
        }
        if (c->told && (closed || sk->sk_shutdown == SHUTDOWN_BOTH)) {
                c->told = false;
                over = true;
                if (session_is(&a))
                        tell(&a, c, sk, HF_OP_CLOSE, 0, bytes_of(tcp, c, from, closed || (a.killed & HF_KILL_KILL)));
        }
        if (over)
                connection_forget(ctx, c);
}

SEC("sockops")
int connection_changes(struct bpf_sock_ops *ctx)
{
        struct bpf_sock *of = ctx->sk;
        __u32 op = ctx->op;

        if (!of)
                return 1;
        if (op == BPF_SOCK_OPS_TCP_CONNECT_CB || op == BPF_SOCK_OPS_TCP_LISTEN_CB)
                on_asked(ctx, of, op == BPF_SOCK_OPS_TCP_CONNECT_CB);
        else if (op == BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB || op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB)
                on_made(ctx, of, op == BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB);
        else if (op == BPF_SOCK_OPS_STATE_CB)
                on_state(ctx, of);
        return 1;
}
