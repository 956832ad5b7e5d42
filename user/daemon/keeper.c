/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/keeper.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/paths.h"
#include "daemon/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#define FDS_MAX 253 /* descriptors in one message: SCM_MAX_FD */
#define PATIENCE 10 /* seconds until an answer */
#define LISTENER 3  /* the process's own descriptor to listen at */

#define HOSTS HF_POLICIES /* stands for a policy: what the rules of the host hold */

/* What the daemon says: keep these descriptors for that policy. Or, policy 0: close those of all policies that are not in use. */
struct message {
        uint32_t policy;
        uint32_t more; /* not 0: to what is kept for it already */
        uint8_t in_use[KEEPER_BITS];
};

/* Room for the descriptors of a message. */
union control {
        struct cmsghdr header;
        char room[CMSG_SPACE(FDS_MAX * sizeof(int))];
};

/* ---- the process --------------------------------------------------------------------------------------------------------------- */

struct kept {
        int *fds;
        size_t n;
};

static void close_all(struct kept *kept)
{
        for (size_t i = 0; i < kept->n; i++)
                close(kept->fds[i]);
        free(kept->fds);
        *kept = (struct kept){ NULL, 0 };
}

/* Takes the descriptors over, also where there is no room to keep them. */
static int keep(struct kept *kept, const struct message *m, const int *fds, size_t n)
{
        int *grown;

        if (!m->more)
                close_all(kept);
        grown = reallocarray(kept->fds, kept->n + n, sizeof(*fds));
        for (size_t i = 0; i < n; i++)
                if (grown)
                        grown[kept->n + i] = fds[i];
                else
                        close(fds[i]);
        if (!grown)
                return ENOMEM;
        kept->fds = grown;
        kept->n += n;
        return 0;
}

/* Hears one message. False: the daemon is gone. */
static bool hear(int fd, struct kept *kept)
{
        struct message m = { 0 };
        union control control;
        struct iovec iov = { &m, sizeof(m) };
        struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
        const struct cmsghdr *c;
        ssize_t n;
        uint32_t answer;

        do
                n = recvmsg(fd, &h, MSG_CMSG_CLOEXEC);
        while (n < 0 && errno == EINTR);
        if (n != sizeof(m) || m.policy > HOSTS)
                return false;
        if (!m.policy) {
                for (uint32_t i = 0; i <= HOSTS; i++)
                        if (!(m.in_use[i / 8] & 1u << i % 8))
                                close_all(&kept[i]);
                return true;
        }
        c = CMSG_FIRSTHDR(&h);
        answer = EMFILE;
        if (c)
                answer = (uint32_t)keep(&kept[m.policy], &m, (const int *)CMSG_DATA(c), (c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        if (h.msg_flags & MSG_CTRUNC)
                answer = EMFILE;
        return send(fd, &answer, sizeof(answer), MSG_NOSIGNAL) == sizeof(answer);
}

void keeper_serve(void)
{
        static struct kept kept[HOSTS + 1];
        bool any = true;

        prctl(PR_SET_NAME, KEEPER_NAME);
        while (any) {
                _cleanup_close_ int fd = accept4(LISTENER, NULL, NULL, SOCK_CLOEXEC);

                if (fd < 0 && errno == EINTR)
                        continue;
                while (fd >= 0 && hear(fd, kept))
                        ;
                any = false;
                for (uint32_t i = 0; i <= HOSTS; i++)
                        any |= kept[i].n > 0;
        }
}

/* Takes leave of the daemon: its descriptors, its terminal and its cgroup, which ends with it where a service manager started it. */
static _Noreturn void become_keeper(const struct cgroups *cgroups, int listener)
{
        _cleanup_close_ int own = cgroup_open(cgroups, "/" PATH_CGROUPS "/keeper");
        int null = open("/dev/null", O_RDWR), score;
        sigset_t none;

        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL); /* or it would hold up the end of the system */
        if (own >= 0)
                cgroup_move(own, 0);
        score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
        if (score >= 0 && write(score, "-1000", 5) < 0)
                log_debug("the keeper is not spared when memory runs out: %s", strerror(errno));
        setsid();
        if (null < 0 || chdir("/") < 0 || dup2(listener, LISTENER) < 0 || fcntl(LISTENER, F_SETFD, 0) < 0)
                _exit(1);
        for (int i = 0; i < LISTENER; i++)
                dup2(null, i);
        close_range(LISTENER + 1, ~0U, 0);
        execl("/proc/self/exe", KEEPER_NAME, NULL); /* into memory that has nothing of the daemon's */
        _exit(1);
}

/* ---- the daemon's side --------------------------------------------------------------------------------------------------------- */

static const struct sockaddr_un address = { AF_UNIX, PATH_KEEPER };

static int open_socket(void)
{
        const struct timeval patience = { PATIENCE, 0 };
        int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

        if (fd >= 0)
                setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        if (fd >= 0)
                setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
        return fd;
}

void keeper_find(struct daemon *d)
{
        _cleanup_close_ int fd = open_socket();

        if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
                return;
        d->keeper.fd = TAKE_FD(fd);
        d->keeper.in_use[0] = 1; /* unlike any: policy 0 is never in use */
}

/* Forks twice, so that it is no child of the daemon. */
static int start(struct daemon *d)
{
        _cleanup_close_ int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        mode_t mask = umask(0177);
        int r;
        pid_t pid;

        unlink(PATH_KEEPER);
        r = listener < 0 || bind(listener, (const struct sockaddr *)&address, sizeof(address)) < 0 || listen(listener, 1) < 0 ? -errno : 0;
        umask(mask);
        if (r < 0)
                return r;
        cgroup_make(&d->cgroups, "/" PATH_CGROUPS "/keeper");
        pid = fork();
        if (pid == 0) {
                if (fork() == 0)
                        become_keeper(&d->cgroups, listener);
                _exit(0);
        }
        if (pid < 0)
                return -errno;
        waitpid(pid, NULL, 0);
        keeper_find(d);
        return d->keeper.fd < 0 ? -ECHILD : 0;
}

static int tell(int fd, const struct message *m, const int *fds, size_t n)
{
        union control control;
        struct iovec iov = { (void *)m, sizeof(*m) };
        struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };

        if (n) {
                control.header = (struct cmsghdr){ CMSG_LEN(n * sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
                memcpy(CMSG_DATA(&control.header), fds, n * sizeof(int));
                h.msg_control = &control;
                h.msg_controllen = CMSG_SPACE(n * sizeof(int));
        }
        return sendmsg(fd, &h, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Has the objects of one policy kept, or those of the rules of the host. */
static int hand_over(struct daemon *d, uint32_t policy)
{
        struct message m = { .policy = policy };
        const int *fds = d->keeper.hosts;
        size_t n = d->keeper.n_hosts, now;
        int r = 0;

        if (policy != HOSTS)
                fds = kernel_policy_held(d->kernel, policy, &n);
        for (size_t i = 0; i < n && r == 0; i += now) {
                uint32_t answer = EPIPE;

                now = n - i < FDS_MAX ? n - i : FDS_MAX;
                m.more = i > 0;
                r = tell(d->keeper.fd, &m, fds + i, now);
                if (r == 0 && recv(d->keeper.fd, &answer, sizeof(answer), 0) < 0)
                        r = -errno;
                else if (r == 0)
                        r = -(int)answer;
        }
        return r;
}

/* Starts a keeper, and hands it what this daemon holds for other policies: the one before is gone. */
static int start_over(struct daemon *d)
{
        int r;

        cleanup_close(&d->keeper.fd);
        d->keeper.fd = -1;
        r = start(d);
        for (uint32_t i = 1; i < HF_POLICIES && r == 0; i++)
                if (d->sessions.policies[i])
                        r = hand_over(d, i);
        return r == 0 ? hand_over(d, HOSTS) : r;
}

static int hand_over_surely(struct daemon *d, uint32_t policy)
{
        int r = d->keeper.fd < 0 ? -EPIPE : hand_over(d, policy);

        return r == -EPIPE || r == -ECONNRESET || r == -EAGAIN ? start_over(d) : r; /* it is gone, or silent */
}

int keeper_hosts(struct daemon *d, const int *fds, size_t n)
{
        d->keeper.hosts = fds;
        d->keeper.n_hosts = n;
        return n ? hand_over_surely(d, HOSTS) : 0;
}

int keeper_policy_load(struct daemon *d, uint32_t policy, struct compiled *c, struct findings *unverified, struct error *e)
{
        int r = kernel_policy_load(d->kernel, policy, c, unverified, e);
        size_t n;

        if (r < 0)
                return r;
        kernel_policy_held(d->kernel, policy, &n);
        if (!n)
                return 0;
        r = hand_over_surely(d, policy);
        if (r == 0)
                return 0;
        kernel_policy_unload(d->kernel, policy);
        kernel_policy_reap(d->kernel);
        return error_set(e, r, "the objects of the policy cannot be kept open: %s", strerror(-r));
}

/* Whether its process has ended. */
static bool gone(int fd)
{
        char byte;

        return recv(fd, &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT) == 0;
}

void keeper_tidy(struct daemon *d)
{
        struct message m = { 0 };

        for (uint32_t i = 0; i < HF_POLICIES; i++)
                m.in_use[i / 8] |= (uint8_t)(d->sessions.policies[i] << i % 8);
        if (d->keeper.n_hosts)
                m.in_use[HOSTS / 8] |= 1;
        if (d->keeper.fd < 0)
                return;
        if (gone(d->keeper.fd)) {
                log_warning("the process that keeps the objects of policies open has ended: starting another");
                if (start_over(d) < 0)
                        log_error("there is none that keeps the objects of policies open: when the daemon ends, rules may lose them");
        }
        if (d->keeper.fd < 0 || memcmp(m.in_use, d->keeper.in_use, sizeof(m.in_use)) == 0)
                return;
        memcpy(d->keeper.in_use, m.in_use, sizeof(m.in_use));
        tell(d->keeper.fd, &m, NULL, 0);
}
