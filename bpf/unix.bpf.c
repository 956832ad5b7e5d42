/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Unix sockets: by the right to connect on the socket's path, or because the peer is of the same session. And who speaks to the daemon. */
#include "socket.bpf.h"

/* Notes whose socket it is. */
SEC("lsm/socket_post_create")
int BPF_PROG(socket_post_create, struct socket *sock, int family, int type, int protocol, int kern)
{
        struct sock *sk = sock->sk;
        struct agent a;

        if (kern || family != AF_UNIX || !sk || !agent_current(&a))
                return 0;
        return own_socket(&a, sk) ? 0 : -ENOMEM;
}

/* Whose the connecting end's other end is: whoever listens. */
static __always_inline int inherit_owner(struct sock *listener, struct sock *accepted)
{
        struct hf_task *from = bpf_sk_storage_get(&owners, listener, NULL, 0), *to;

        if (!from)
                return 0;
        to = bpf_sk_storage_get(&owners, accepted, NULL, BPF_SK_STORAGE_GET_F_CREATE);
        if (!to)
                return -ENOMEM;
        *to = *from;
        return 0;
}

SEC("lsm/unix_stream_connect")
int BPF_PROG(unix_stream_connect, struct sock *sock, struct sock *other, struct sock *newsk)
{
        struct agent a;
        bool agent = agent_current(&a);
        int error = agent ? check_peer(&a, other) : 0;
        struct task_struct *task;
        struct hf_peer *peer;

        if (!error)
                error = inherit_owner(other, newsk);
        if (error || !bpf_sk_storage_get(&peers, other, NULL, 0))
                return error;
        /* The other end is the daemon's: tell it who this is, in a way that the caller cannot. */
        peer = bpf_sk_storage_get(&peers, newsk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
        if (!peer)
                return -ENOMEM;
        task = bpf_get_current_task_btf();
        peer->slot = agent ? a.slot : 0;
        peer->tgid = task->tgid;
        peer->start = task->group_leader->start_boottime;
        peer->generation = agent && a.session ? a.session->generation : 0;
        return 0;
}

SEC("lsm/unix_may_send")
int BPF_PROG(unix_may_send, struct socket *sock, struct socket *other)
{
        struct sock *sk = other->sk;
        struct agent a;

        return sk && agent_current(&a) ? check_peer(&a, sk) : 0;
}

/* A socket that another process passed: the session's own, or one with an end to which it could have connected by itself. */
SEC("lsm/file_receive")
int BPF_PROG(unix_receive, struct file *file)
{
        struct unix_sock *end;
        struct socket *sock;
        struct agent a;
        struct sock *sk;

        if (file->f_inode->i_sb->s_magic != SOCKFS_MAGIC || !agent_current(&a))
                return 0;
        sock = bpf_sock_from_file(file);
        sk = sock ? sock->sk : NULL;
        if (!sk || sk->__sk_common.skc_family != AF_UNIX || owned(&a, sk))
                return 0;
        end = bpf_skc_to_unix_sock(sk);
        if (!end)
                return 0;
        sk = end->peer ? end->peer : sk;
        return check_peer(&a, sk);
}
