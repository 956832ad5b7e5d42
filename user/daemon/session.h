/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions: what the daemon knows of each, how they begin, change and end. The kernel's part is the slot's struct hf_session. */
#ifndef HOLDFAST_DAEMON_SESSION_H
#define HOLDFAST_DAEMON_SESSION_H

#include "base/cleanup.h"
#include "base/error.h"
#include "daemon/ceilings.h"
#include "daemon/folds.h"
#include "daemon/found.h"
#include "daemon/hostnames.h"
#include "daemon/id.h"
#include "daemon/limits.h"
#include "daemon/mounts.h"
#include "daemon/names.h"
#include "daemon/recent.h"
#include "daemon/resolver.h"
#include "daemon/revoke.h"
#include "daemon/trips.h"
#include "holdfast/abi.h"
#include "policy/policy.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

struct daemon;
struct peer;

struct session {
        struct daemon *daemon; /* whose it is */
        char id[ID_SIZE];
        bool live; /* not ended */
        enum attach_kind attach;
        uint32_t slot;
        uint64_t generation;
        uint32_t policy_id;    /* in force */
        struct policy *policy; /* NULL when its text is lost: rules then have numbers only */
        char *policy_name, *policy_text;
        struct findings unverified; /* programs that the policy in force names by their content, and that do not run */
        struct ceilings ceilings;   /* that the policy in force was compiled under */
        char *name;                 /* "" when none was given */
        char *agent, *version;
        uid_t uid; /* whose session it is */
        char *user, *home, *workspace;
        char *cgroup;  /* path from the root of the hierarchy */
        int cgroup_fd; /* -1 once ended */
        uint64_t cgroup_id;
        pid_t pid;               /* its first process */
        uint64_t started, ended; /* ns since the epoch */
        char *end_reason;        /* NULL while it lives */
        uint64_t denials, lost;  /* at the end; while live the kernel counts */
        uint64_t lost_reported;
        struct folds folds;                        /* of its refusals that repeat */
        struct recent recent;                      /* the last of them, for itself */
        bool outside;                              /* its cgroup is empty, and yet it has processes */
        bool made_cgroup, tied, installed, loaded; /* what there is to be taken back */
        bool frozen;                               /* to be looked at, while it begins */
        bool audit_only;                           /* all that is allowed is told, to learn a policy from */
        bool apart;                                /* what it writes in its workspace is, see workspaces.h */
        sd_event_source *watch, *wall;
        struct revoke revoke;
        struct session_resolver resolver;
        struct found found;     /* for the answer to who attaches */
        struct origin *origins; /* of its first processes, while it begins */
        size_t n_origins;
        uint64_t spent;             /* capabilities whose budget is used, as far as throttle.c has acted on it */
        bool flows_later;           /* flows_end() is to be called again */
        int netlink;                /* of its network namespace, for flows.c; -1: none yet */
        struct mounts mounts;       /* of one of its processes, for the paths of events */
        uint64_t mounts_read;       /* when, ns of CLOCK_BOOTTIME */
        struct hostnames hostnames; /* for the events of its connections */
        struct trips trips;
        struct limits_state limits;
};

struct sessions {
        struct session **list; /* oldest first */
        size_t count;
        struct session *slots[HF_SLOTS];
        bool policies[HF_POLICIES]; /* ids in use */
        uint32_t next_slot, next_policy;
};

/* What becomes at the end of what a session wrote in its workspace, where that is apart. */
enum ephemeral { EPHEMERAL_NO, EPHEMERAL_KEEP, EPHEMERAL_DISCARD };

/* What a client asks for. Strings are borrowed; NULL: not given. */
struct session_request {
        enum attach_kind attach;
        pid_t pid;          /* of ATTACH_RUN (the caller), ATTACH_PID and ATTACH_EXEC */
        uint64_t start;     /* when pid started, as the kernel attests it; 0: by pid alone */
        const char *cgroup; /* of ATTACH_CGROUP */
        const char *workspace, *agent, *version, *name;
        const struct peer *peer;
        enum ephemeral ephemeral;
        bool private_tmp, private_home;
        bool audit_only;
};

struct session *session_new(void);
void session_free(struct session *s);
DEFINE_CLEANUP(struct session *, session_free)

/* session.c: the list, and looking into it. */
int sessions_add(struct sessions *all, struct session *s);
void sessions_remove(struct sessions *all, struct session *s); /* and frees it */
void sessions_clear(struct sessions *all);
struct session *sessions_by_id(const struct sessions *all, const char *id);
int sessions_take_slot(struct sessions *all, uint32_t *ret);   /* -ENOSPC when all are in use */
int sessions_take_policy(struct sessions *all, uint32_t *ret); /* -ENOSPC when all are in use */

/* Takes over the mounts of one of its processes, read just now. */
void session_mounts(struct session *s, struct mounts *mounts);

/* The session of an event; NULL when the slot is another's by now. */
struct session *sessions_by_slot(const struct sessions *all, uint32_t slot, uint64_t generation);

/* The session's kill word joined with the host's. */
uint32_t session_bits(struct daemon *d, const struct session *s);
const char *session_state(struct daemon *d, const struct session *s);
cJSON *session_json(struct daemon *d, const struct session *s);

/*
 * session_create.c: begins a session. Takes policy and text, also on failure, when nothing of the session stays. Bad policies and
 * limits that the host cannot keep are in findings (-EINVAL).
 */
int session_create(struct daemon *d, const struct session_request *request, struct policy *policy, char *text, struct session **ret,
                   struct findings *findings, struct error *e);

/*
 * session_move.c: takes the processes in; on success every task of them is stamped. Letting go is for a session that does not come to be:
 * no task has its stamp any more, and each is in the cgroup that it came from.
 */
int session_move(struct daemon *d, struct session *s, const struct session_request *request, struct error *e);
void session_let_go(struct daemon *d, struct session *s);

/* Nothing of the session runs until it is thawed or let go; -EBUSY where the kernel cannot freeze some of it in time. */
int session_freeze(struct session *s, struct error *e);
void session_thaw(struct session *s);
void session_origins_clear(struct session *s);

/*
 * session_policy.c: compiles for the session as it is now, whose mounts it notes, under its ceilings as they are now, which go to *ceilings
 * (to be cleared, also on failure); and replaces its policy with one store. Takes policy and text, also on failure.
 */
int session_compile(const struct daemon *d, struct session *s, pid_t pid, const struct policy *policy, struct ceilings *ceilings,
                    struct compiled **ret, struct findings *findings, struct error *e);
int session_apply(struct daemon *d, struct session *s, struct policy *policy, char *text, const char *actor, struct findings *findings,
                  struct error *e);

/* session_end.c: watching for the end, and ending. */
int session_watch(struct daemon *d, struct session *s, struct error *e);
void session_limit_wall(struct daemon *d, struct session *s);
void session_check(struct daemon *d, struct session *s);   /* ends it when nothing is left of it */
void session_release(struct daemon *d, struct session *s); /* takes back slot, policy, cgroup, whatever is there */
void session_end(struct daemon *d, struct session *s, const char *reason);

/* The live processes of a session, wherever they are; the caller frees the list. */
int session_members(struct daemon *d, const struct session *s, pid_t **ret, size_t *count, struct error *e);

/* Some live thread of the session, the first of its process where that lives; 0: none. */
pid_t session_member(struct daemon *d, const struct session *s);

/*
 * session_restore.c: takes up what an earlier daemon left. Restoring fills the list, so that events find their sessions; resuming
 * then watches them, and ends those that are dead.
 */
int sessions_restore(struct daemon *d, struct error *e);
int sessions_resume(struct daemon *d, struct error *e);

#endif
