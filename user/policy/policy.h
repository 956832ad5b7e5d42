/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies: JSON text to a model, and a model to what the kernel is given. Pure: what it needs of the file system it asks
 * through struct fs_view, so all of it runs in unit tests and fuzzers. The format is described in docs/policy.md.
 */
#ifndef HOLDFAST_POLICY_POLICY_H
#define HOLDFAST_POLICY_POLICY_H

#include "base/error.h"
#include "holdfast/abi.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POLICY_TEXT_MAX (16u << 20) /* bytes of JSON */
#define POLICY_NESTING_MAX 32
#define POLICY_CAPABILITIES_MAX 64
#define POLICY_RULES_MAX 200000
#define POLICY_SHA256_MAX 16 /* digests of one rule */
#define SHA256_BYTES 32
#define PATTERN_NAMES_MAX HF_PENDING /* components of a path from its first "*" on */

enum authorization { AUTHORIZATION_ALWAYS, AUTHORIZATION_ASK };

/* On which ports a connection to a name has to begin with a TLS hello to that name. */
enum rule_tls {
        RULE_TLS_UNSAID, /* on the port of https */
        RULE_TLS_ALWAYS,
        RULE_TLS_NEVER,
};

/* One line of a capability. Rules are numbered from 1 over the whole policy, in the order of the text; 0 means no rule. */
struct rule {
        int capability; /* index into policy.capabilities */
        char *where;    /* JSON path, e.g. $.capabilities.base.files[2] */
        char *hint;     /* or NULL */
        /* files */
        char *path;                      /* as written, with variables, no slash at its end; NULL for an egress rule */
        uint8_t allow, deny;             /* enum hf_right bits */
        uint8_t (*sha256)[SHA256_BYTES]; /* what is there runs only with one of these contents; NULL: with any */
        int n_sha256;
        /* egress */
        char *host;   /* by name: lower case, no dot at its end; "*.example.com" for all names below; NULL: by address */
        bool private; /* the name may lead into private address space */
        bool denies;  /* the ports are closed at the name or address, not opened */
        enum rule_tls tls;
        uint8_t addr[16]; /* by address: IPv4 as ::ffff:a.b.c.d, host bits zero */
        uint8_t prefix;   /* bits, 0 to 128 (IPv4: 96 + n) */
        uint16_t port_from, port_to;
        uint8_t proto; /* enum hf_proto bits */
};

struct throttle {             /* of what leaves by a capability; 0: no limit */
        uint64_t bytes;       /* a second */
        uint32_t connections; /* a second */
        uint64_t budget;      /* bytes in all */
        uint32_t then;        /* once that is used: HF_KILL_PAUSE; 0: the capability opens no more of the network */
};

/* Names, each once or more often. */
struct name_list {
        char **list;
        int n;
};

#define NAME_LIST_MAX 64

struct capability {
        char *name;
        char *from; /* name of the policy that it was taken over from, NULL: it is the policy's own */
        enum authorization authorization;
        uint64_t grant; /* s that an approval holds, 0: not given */
        uint16_t guard; /* 1 << enum hf_guard for each exception that it makes */
        uint8_t audit;  /* 1 << enum hf_audit for each thing that is told of what it allows */
        bool audits;    /* the policy says so itself */
        struct throttle throttle;
        struct name_list environment; /* variables that "holdfast run" keeps for it, though they look like secrets */
};

struct limits {          /* 0: no limit */
        uint64_t memory; /* bytes */
        uint32_t cpu;    /* percent of one core */
        uint32_t pids;
        uint32_t files; /* open ones, of one process */
        uint64_t disk;  /* bytes written to files */
        uint64_t sent;  /* bytes out, of packets that leave the host */
        uint64_t wall;  /* s */
        uint64_t idle;  /* s */
};

/* What a trip measures. The order is that of the names in parse_trips.c. */
enum trip_on {
        TRIP_DENIALS,
        TRIP_NAMES,     /* different ones asked of the resolver */
        TRIP_LOST,      /* events */
        TRIP_BYTES_OUT, /* of packets that leave the host */
        TRIP_CPU,       /* percent of the time in which some task waited for it */
        TRIP_MEMORY,    /* the same */
        TRIP_WALL,
        TRIP_IDLE,
        TRIP_MEMORY_LIMIT, /* how often the limit held the session */
        TRIP_PIDS_LIMIT,
        TRIP_DISK_LIMIT,
        TRIPS,
};

#define POLICY_TRIPS_MAX 16
#define TRIP_NAMES_MAX 4096

/* A measured condition that pauses, denies or kills the session. */
struct trip {
        enum trip_on on;
        uint32_t strength; /* one of HF_KILL_PAUSE, HF_KILL_DENY, HF_KILL_KILL */
        uint64_t over;     /* a count, bytes, percent or, of TRIP_WALL and TRIP_IDLE, s: more than that trips */
        uint64_t within;   /* s; 0: of TRIP_WALL and TRIP_IDLE */
};

struct policy {
        char *name;
        char *description;         /* or NULL */
        char *extends;             /* name of the policy whose capabilities it takes over; NULL: none, always of a whole one */
        struct name_list programs; /* that "holdfast run" chooses it for */
        struct capability *capabilities;
        int n_capabilities;
        struct rule *rules; /* rules[0] is rule number 1 */
        int n_rules;
        struct limits limits;
        struct trip trips[POLICY_TRIPS_MAX];
        int n_trips;
        uint32_t on_revoke;       /* HF_KILL_KILL or HF_KILL_PAUSE; 0: not given */
        uint32_t on_control_loss; /* HF_KILL_KILL or HF_KILL_PAUSE; 0: it is kept */
};

/*
 * Reads a policy that is whole: one with "extends" is refused, see policy_load(). All errors go to findings, each with its JSON path:
 * syntax (with line and column), duplicate keys, unknown fields, wrong types, values out of range, and whatever this version cannot
 * enforce. Returns 0 and the policy (to be freed with policy_free) only when there are none; else -EINVAL, or -ENOMEM.
 */
int policy_parse(const char *text, size_t length, struct policy **ret, struct findings *findings);
void policy_free(struct policy *p);

#define POLICY_CHAIN_MAX 8 /* policies that one extends, itself included */

/* Policies by their names. */
struct policy_library {
        /*
         * The text of one, and the file that it is in, both to be freed. A policy that lies in the file from (NULL: in none) and extends
         * its own name means the one that it hides. 0 or negative errno with an error.
         */
        int (*read)(void *context, const char *name, const char *from, char **text, size_t *length, char **file, struct error *e);
        void *context;
};

/*
 * Reads a policy with all that it extends, from the library, and merges them: capabilities by their names, limits one by one; of
 * everything else what the nearest one says. Name, description and programs are its own. file: where the text is in the library, NULL: it
 * is not in there. All errors of all of them go to findings, those of what is extended with its file before the JSON path. Returns as
 * policy_parse(); *ret_text, to be freed, is the text of the whole: policy_parse() reads it without a library, and JSON paths are those of
 * the policy that said it. Without "extends" it is the text as it is.
 */
int policy_load(const char *text, size_t length, const char *file, const struct policy_library *library, struct policy **ret,
                char **ret_text, struct findings *findings);

static inline bool throttle_is_set(const struct throttle *t)
{
        return t->bytes || t->connections || t->budget;
}

/* The rule of a policy by its number; NULL: there is none, or the policy is NULL. */
const struct rule *policy_rule(const struct policy *p, uint32_t number);

/* A path that no policy can open to a session, with all below it. */
struct seal {
        const char *path; /* absolute */
        uint8_t rights;   /* enum hf_right bits that are always refused */
};

/* A policy that clips others: whatever its capabilities' authorization, all of them count. */
struct ceiling {
        const struct policy *policy; /* NULL: no ceiling */
        const char *file;            /* where it is from, for messages */
};

/*
 * What ${…} stands for, in ceilings too, and what bounds the policy beside its own rules. NULL: not known, and a rule that uses it is
 * an error. Absolute paths, but user.
 */
struct policy_vars {
        const char *workspace, *home, *user, *tmpdir;
        const struct seal *seals;       /* ended by one without a path; NULL: none */
        const struct ceiling *ceilings; /* HF_LAYERS of them, by enum hf_layer; that of HF_LAYER_POLICY is none. NULL: none at all */
};

/* One object seen by the compiler. */
struct fs_object {
        int fd; /* O_PATH descriptor; the compiler owns it */
        bool folder;
        char *target; /* of a symlink, owned by the compiler; else NULL */
};

#define FS_LINKS_MAX 40 /* symlinks on one path, as in path_resolution(7) */

/* The file system as the session sees it. */
struct fs_view {
        /* Opens name in the folder (or the root, with folder -1 and name ""), without following a symlink. 0 or negative errno. */
        int (*open)(void *context, int folder, const char *name, struct fs_object *ret);
        void *context;
        const char *const *mounts; /* mount points, absolute, the session's own; NULL-terminated, or NULL */
};

/* Where a path leads. */
struct fs_found {
        int fd;              /* of what is there, else of the deepest folder on the way; the caller closes it */
        char *path;          /* absolute, without symlinks, "." and ".."; the caller frees it */
        const char *missing; /* the part of path that does not exist below fd: "a/b"; NULL: all of it exists */
};

/*
 * Follows an absolute path as a process with that view would, symlinks also at its end. 0, or negative errno: -ELOOP (also for a link
 * whose meaning depends on who reads it, as in /proc), -ENOTDIR, -ENAMETOOLONG (also for a path of very many steps), -ENOENT (".." below
 * something that does not exist), -EAGAIN (it changed meanwhile), -ENOMEM, or what opening failed with.
 */
int fs_lookup(const struct fs_view *view, const char *path, struct fs_found *ret);

#define PLACE_ANY "/"

/* A place that the policy says something about. */
struct place {
        int parent;          /* index of the place above; -1 for the root, which is places[0] */
        char *name;          /* its component; "" for the root; PLACE_ANY for all names that have no place of their own */
        int fd;              /* what is there: an O_PATH descriptor, or -1: nothing yet */
        uint8_t ruled;       /* 1 << enum hf_layer for each layer that speaks right here; 0: only on the way, or a mount point */
        struct hf_node node; /* what to load; names is 1 more than the index of the place that is their parent, 0: none */
};

/* A rule with SHA-256 digests, at the place that it speaks of. */
struct content_rule {
        size_t place;
        enum hf_layer layer;
        const struct rule *rule; /* of the policy or the ceiling, which must stay as long as this is asked */
        const char *file;        /* of a ceiling, for messages; NULL: of the policy. Stays as the rule does */
        int fd;                  /* to read what is there, for whoever loads the policy to open; negative errno where that failed */
};

/* An address prefix. */
struct prefix {
        uint8_t addr[16];
        uint32_t bits; /* 0 to 128 */
        struct hf_egress egress;
};

/* A policy ready for the kernel. Keeps a pointer to the policy, not to the ceilings. */
struct compiled {
        const struct policy *policy;
        struct place *places; /* parents before children */
        size_t n_places;
        struct prefix *prefixes;
        size_t n_prefixes;
        struct hosts *hosts;           /* egress by name, of all layers; NULL: the policy has no such rule */
        struct content_rule *contents; /* by place, ascending */
        size_t n_contents;
        uint64_t active;                   /* capabilities that are granted from the start: those with authorization always */
        uint64_t throttled;                /* capabilities with a throttle */
        struct limits limits;              /* the lowest of all layers */
        uint64_t guard[HF_GUARDS];         /* per exception: the capabilities that make it, and the ceilings allow */
        uint64_t audit[HF_AUDITS];         /* as in struct hf_policy */
        bool clipped;                      /* a ceiling took something away that the policy allows, or lowered a limit */
        struct hf_node *layers[HF_LAYERS]; /* with ceilings: what each layer says by itself, beside places; NULL: no such layer */
        struct place_index *index;         /* finds places by parent and name, for compiled_find() */
};

/*
 * Resolves every path and folds what each place inherits. Symlinks in a rule's path are followed as the session would; the link
 * itself becomes a place too. A denial also denies w at the links it goes through (at one that ends its path, all that it denies),
 * at the names below them, and at a file that stands where the path needs a folder; links and all folders above are HF_NODE_WAY.
 * What does not exist becomes a place without an object. A mount point where some rule decides becomes a place that inherits.
 * Ceilings' rules make places just so. Within each layer the nearest rule wins; then a right is there when every layer allows it. What a
 * ceiling refuses of what the layers before it allow (policy, user, host) counts as denied, by that ceiling's rule or its number 0; so
 * does what a rule of it denies where the policy has no rule. Findings about a ceiling have its file before the JSON path.
 * A rule with digests denies w, and is the only one in its layer to give x at its place, which is HF_NODE_CONTENT: see compiled_accepts().
 * Errors (digests for a folder, an unknown variable, a loop of symlinks, a component over 255 bytes, "..", more than HF_PENDING components
 * that do not exist, a path through /proc/self, more than HF_PORTS ranges on one prefix, an object that cannot be looked at) go to
 * findings; nothing is half compiled. Returns 0, -EINVAL with findings, -ENOMEM, or -EMFILE and the like. Holds one descriptor for each
 * place that exists.
 */
int policy_compile(const struct policy *p, const struct policy_vars *vars, const struct fs_view *view, struct compiled **ret,
                   struct findings *findings);
void compiled_free(struct compiled *c);

/* Closes the descriptors of the places and contents, once the objects are named. */
void compiled_close(struct compiled *c);

/*
 * The place that decides about a path (absolute, "." and ".." resolved, no symlinks) by name alone. Never NULL: at least the root. *own,
 * unless NULL, tells whether it speaks of this very path, not of a folder above.
 */
const struct place *compiled_find(const struct compiled *c, const char *path, bool *own);

/* The capabilities of the policy that let the content with that SHA-256 run at a place with HF_NODE_CONTENT; every layer must name it. */
uint64_t compiled_accepts(const struct compiled *c, size_t place, const uint8_t sha256[SHA256_BYTES]);

/* The first rule with digests at the place; NULL: there is none. */
const struct content_rule *compiled_content(const struct compiled *c, size_t place);

/* The longest prefix that holds the address; NULL: none. */
const struct prefix *compiled_find_prefix(const struct compiled *c, const uint8_t addr[16]);

/*
 * Two places may turn out to be one object (a bind mount, a hard link). In each layer, a place that no rule speaks at gives way to one
 * where a rule does; those that are alike in this meet, as node_meet() does. The nodes of the n places are left alike, but for their
 * names: the places below them belong into one table. Returns 0, or -EXDEV where patterns go on below one of them other than below the
 * others.
 */
int compiled_meet(struct compiled *c, const size_t *places, size_t n);

/* node is left with what both allow, and denies what either does. Its names stay. */
void node_meet(struct hf_node *node, const struct hf_node *other);

/* The lowest limits of a policy (NULL: it is not known) and its ceilings, which are as in struct policy_vars. */
struct limits policy_limits(const struct policy *p, const struct ceiling *ceilings);

/*
 * What is done to a process that goes on using memory that it may no more: HF_KILL_PAUSE where the policy says so and no ceiling (as in
 * struct policy_vars) says otherwise, else HF_KILL_KILL. The policy may be NULL.
 */
uint32_t policy_on_revoke(const struct policy *p, const struct ceiling *ceilings);

/* What is done to the session once no daemon is there: the strictest of the policy and its ceilings, as above. 0: it is kept. */
uint32_t policy_on_control_loss(const struct policy *p, const struct ceiling *ceilings);

/* "denials", "cpu-pressure", … */
const char *trip_name(enum trip_on on);

/* "policy", "user", "host"; "unknown" for what is no layer. */
const char *layer_name(unsigned layer);

/* "rwxc" notation. right_format writes at most 5 bytes; right_parse returns -EINVAL on anything but distinct letters of rwxc. */
void right_format(uint8_t rights, char out[5]);
int right_parse(const char *text, uint8_t *ret);

/* "15m": a whole number and s, m, h or d; 1 s to 365 d. In seconds. 0, or -EINVAL with an error. */
int duration_parse(const char *text, uint64_t *ret, struct error *e);

#endif
