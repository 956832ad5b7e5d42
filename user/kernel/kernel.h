/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's side: loads and pins the programs, writes the maps, names objects, reads the ring buffer. The only module that
 * knows libbpf. Everything here needs root.
 */
#ifndef HOLDFAST_KERNEL_KERNEL_H
#define HOLDFAST_KERNEL_KERNEL_H

#include "base/error.h"
#include "holdfast/abi.h"
#include "policy/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* One thing that a host needs, as doctor shows it. */
struct host_check {
        const char *name; /* "lsm", "btf", … */
        bool ok;
        char text[256]; /* what was found; when not ok, also what to do, in one sentence */
};

#define HOST_CHECKS 8

/*
 * Looks at the host: root, kernel version, BTF, cgroup v2, bpffs, bpf among the LSMs, and whether an LSM program really loads.
 * Changes nothing. Returns how many checks failed.
 */
int host_check(struct host_check checks[HOST_CHECKS], int *count);

struct kernel;

/*
 * Takes over the pinned programs and maps, or loads, attaches and pins them (all, or nothing). -EOPNOTSUPP where the host cannot
 * enforce, with the error naming what is missing; -EBUSY where pins of another version still hold sessions.
 */
int kernel_open(struct kernel **ret, struct error *e);

/* Unmaps; what is pinned goes on enforcing. */
void kernel_close(struct kernel *k);

/* Takes the programs off, of whatever version they are: nothing is enforced any more. -EBUSY where a session is in force, and all stays. */
int kernel_detach(struct error *e);

/* Whether kernel_open() found the programs already attached. */
bool kernel_taken_over(const struct kernel *k);

/* The live records, mapped; plain stores take effect on every core at once. */
struct hf_host *kernel_host(struct kernel *k);
struct hf_session *kernel_session(struct kernel *k, uint32_t slot);
struct hf_policy *kernel_policy(struct kernel *k, uint32_t policy);

/* The SipHash of a name, with a key that nobody else has. */
uint64_t kernel_name_hash(const struct kernel *k, const char *name);

/* What those who have had the slot have used; the limits are the caller's to set. */
struct hf_use *kernel_use(struct kernel *k, uint32_t slot);

/* Counts what the tasks of sessions with a limit on what they write have written through mappings. */
int kernel_count_written(struct kernel *k, struct error *e);

/* To be called before a session is killed, or has recheck or disk: see struct hf_host. */
void kernel_look(struct kernel *k);

/*
 * Loads a compiled policy under an id that is not in use. Names its objects (and closes their descriptors), and reads the programs that
 * it names by their content, which are open: unverified says which of them do not run, and why. On failure nothing of it stays.
 * kernel_policy_unload() lets go of a policy that nothing points at any more; kernel_policy_reap(), called now and then, waits until no
 * check can still see those, and removes them.
 */
int kernel_policy_load(struct kernel *k, uint32_t policy, struct compiled *c, struct findings *unverified, struct error *e);
void kernel_policy_unload(struct kernel *k, uint32_t policy);
void kernel_policy_reap(struct kernel *k);

/* The SHA-256 of what a descriptor reads, from its start. 0 or negative errno; -EFBIG where it has more bytes than most. */
int content_sha256(int fd, uint64_t most, uint8_t ret[SHA256_BYTES]);

/*
 * The descriptors that a policy which this process loaded holds open: those of objects that go by their address. They stay the kernel's
 * and must be open somewhere as long as the policy is in force.
 */
const int *kernel_policy_held(const struct kernel *k, uint32_t policy, size_t *n);

/* Ties a cgroup (by its id, the inode number of its folder) and all below it to a slot: whatever is moved there joins the session. */
int kernel_cgroup_add(struct kernel *k, uint64_t cgroup, uint32_t slot, struct error *e);
void kernel_cgroup_remove(struct kernel *k, uint64_t cgroup);

/*
 * Takes into the session the tasks that are in the cgroup or below it now, and the process root (0: none) with all that descends
 * from it; count gets how many were not in it before. A look that finds none proves that there is none: forks of what is in are in.
 * -EPERM where one of them is not the owner's (HF_ANYBODY: whoever it is), and is left out.
 */
int kernel_stamp(struct kernel *k, uint64_t cgroup, pid_t root, uint32_t owner, uint32_t slot, uint32_t *count, struct error *e);

/* Calls back with each process (thread group) that has a task of the slot, or of any where that is 0, in or out of its cgroup. */
int kernel_members(struct kernel *k, uint32_t slot, void (*each)(void *context, pid_t pid), void *context, struct error *e);

/*
 * Removes the objects of System V IPC that the slot's session has made and not removed itself, those in other IPC namespaces than the
 * daemon's apart. To be called once it has no task any more. Returns how many, or a negative errno.
 */
int kernel_ipcs_remove(struct kernel *k, uint32_t slot, struct error *e);

/*
 * Whether the process (a thread group, with one of its threads that lives; others that share its memory are asked about by themselves)
 * belongs to the slot and has mapped a file so that the policy in force refuses one of the rights, or has such a file's pages as
 * buffers of an io_uring. If so, and where action is not 0 (enum hf_kill: what will be done to it), there is an event about the first.
 */
int kernel_mappings(struct kernel *k, pid_t process, pid_t thread, uint32_t slot, uint8_t rights, uint32_t action, bool *found,
                    struct error *e);

/* Lets the tasks of a slot go again; count gets how many were in it. A look that finds none proves that there is none left. */
int kernel_release(struct kernel *k, uint32_t slot, uint32_t *count, struct error *e);

/* Calls back with each thread of the host, a struct hf_seen, and tells of which the slot is. A negative errno of the callback ends it. */
int kernel_see_tasks(struct kernel *k, uint32_t slot, int (*each)(void *context, const void *seen), void *context, struct error *e);

/*
 * Calls back with what a process (a thread group, with one of its threads that lives) of the slot has that the policy in force refuses it,
 * or that no policy speaks of, each a struct hf_held: first its descriptors, then its mappings, which have a start. That a
 * unix socket is connected to another of the session's is known once kernel_adopt() has been called for all of its processes. A negative
 * errno of the callback ends it.
 */
int kernel_adopt(struct kernel *k, pid_t process, pid_t thread, uint32_t slot, struct error *e);
int kernel_see_held(struct kernel *k, pid_t process, pid_t thread, uint32_t slot, int (*each)(void *context, const void *held),
                    void *context, struct error *e);

/*
 * What decides about the object behind one of the daemon's own O_PATH descriptors under a loaded policy, or about what does not exist
 * below it ("a/b", components of at most 255 bytes; NULL: the object itself): the walk that the hooks make, made by the kernel.
 */
int kernel_decide(struct kernel *k, uint32_t policy, int fd, const char *missing, struct hf_decided *ret, struct error *e);

/* The ports of the address prefix that decides about an address under a loaded policy. -ENOENT: none does. */
int kernel_egress(struct kernel *k, uint32_t policy, const uint8_t addr[16], struct hf_egress *ret);

/* The ports that names have opened there. -ENOENT: none has. */
int kernel_opened(struct kernel *k, uint32_t policy, const uint8_t addr[16], struct hf_egress *ret);

/*
 * The throttle of a capability (by its index) under a loaded policy. -ENOENT: it has none. kernel_throttle_use() says how many bytes of its
 * budget are used, whatever the kernel has counted; once that is all of it, the capability opens no more of the network, else it does.
 */
int kernel_throttle(const struct kernel *k, uint32_t policy, int capability, struct hf_throttle *ret);
int kernel_throttle_use(struct kernel *k, uint32_t policy, int capability, uint64_t used);

/*
 * Attaches to a cgroup, by its descriptor and id, the programs that look at where its sockets go and at what leaves them, for the session
 * that has the slot now; and takes them off one that outlives its session.
 */
int kernel_join(struct kernel *k, int cgroup, uint64_t id, uint32_t slot, struct error *e);
void kernel_leave(struct kernel *k, int cgroup);

/* Closes for good a cgroup that nobody has any more, whose session was killed: what its sockets hold stays there. */
void kernel_close_cgroup(struct kernel *k, uint64_t id, uint32_t slot);

/* Marks a socket as one of the resolver of that session, which no other reaches. 0 or negative errno. */
int kernel_resolver_socket(struct kernel *k, int fd, uint32_t slot, uint64_t generation);

/* For the resolver's process: the maps "opened", "named" and "policies". They stay the kernel's. */
int kernel_opened_fd(const struct kernel *k);
int kernel_named_fd(const struct kernel *k);
int kernel_policies_fd(const struct kernel *k);

/*
 * A program that is executed in a session or not at all: what is there now, and its place. Of the daemon's own O_PATH descriptors, which
 * stay open as long as the map has it; -1: nothing is there (yet). above[0] is the folder that has name[0], the program's; above[1] the one
 * that has name[1], which is that folder's name; and so on, as far as levels.
 */
struct kernel_executable {
        int fd, above[HF_EXECUTABLE_LEVELS], levels;
        const char *name[HF_EXECUTABLE_LEVELS];
        uint32_t user;      /* whose processes; HF_ANYBODY: everybody's */
        const char *cgroup; /* in which cgroup, or below it; NULL: in any */
};

/*
 * Makes these all that there are. What was and is still among them is so all the while. hold: some go by their address, and must be kept
 * open also while no daemon runs. -ENOSPC: more than HF_EXECUTABLE_RULES are about one program.
 */
int kernel_executables(struct kernel *k, const struct kernel_executable *list, size_t n, bool *hold, struct error *e);

/* Marks the daemon's listening unix socket: the kernel then notes on each accepted connection who made it. */
int kernel_listener(struct kernel *k, int fd, struct error *e);

/* Who is at the other end of an accepted unix stream connection. -ENOENT when the connection was made before the programs. */
int kernel_peer(struct kernel *k, int fd, struct hf_peer *ret);

/* Descriptor that becomes readable when events wait, and their reading: at most max at once (0: all); how many, or negative errno. */
int kernel_events_fd(const struct kernel *k);
int kernel_events_read(struct kernel *k, int max, void (*each)(void *context, const struct hf_event *event, size_t size), void *context);

/* Bytes in the ring buffer that were not read yet, and for how many it has room. 0 or negative errno. */
int kernel_events_use(const struct kernel *k, uint64_t *used, uint64_t *size);

#endif
