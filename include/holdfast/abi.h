/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/*
 * What the BPF programs and user space share: the layout of every map. Both sides compile this header; each structure is padded
 * by hand and its size asserted, so that a build on one side cannot disagree with the other.
 */
#ifndef HOLDFAST_ABI_H
#define HOLDFAST_ABI_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

/* Raised on every change of this header or of the meaning of a map; a daemon takes over only pins of its own version. */
#define HF_ABI_VERSION 17

#define HF_SLOTS 4096              /* sessions at once; slot 0 is never given out: it means "not an agent" */
#define HF_POLICIES (2 * HF_SLOTS) /* policies loaded at once: each session's, and its next one while it is switched */
#define HF_DEPTH 512               /* folders between a file and the nearest rule; deeper is refused */
#define HF_LEVELS 48               /* components of a rule's path below a folder that the kernel still knows by its object */
#define HF_PENDING 16              /* components below an existing folder that a rule may name before they exist */
#define HF_PORTS 16                /* port ranges of one address prefix, inherited ones included */
#define HF_PATH 4096               /* bytes of a path in an event */
#define HF_KINDS 8                 /* room for each enum hf_kind; a power of two */

/* Rights on a path, as bits. The index of a right is its bit's number. */
enum hf_right {
        HF_READ = 1 << 0,    /* r: read and list */
        HF_WRITE = 1 << 1,   /* w: write, create, remove, rename, change metadata */
        HF_EXEC = 1 << 2,    /* x: execute, or map as code */
        HF_CONNECT = 1 << 3, /* c: connect to a unix socket */
};
#define HF_RIGHTS 4
#define HF_RIGHTS_ALL (HF_READ | HF_WRITE | HF_EXEC | HF_CONNECT)

/* Why a session, or everything, is refused: the kill word of a session and of the host. Any bit refuses. */
enum hf_kill {
        HF_KILL_PAUSE = 1 << 0, /* frozen; a lift lets it go on */
        HF_KILL_DENY = 1 << 1,  /* runs, and may do nothing */
        HF_KILL_KILL = 1 << 2,  /* is being killed */
        HF_KILL_SETUP = 1 << 3, /* the slot is not (or no longer) a running session */
};

#define HF_RECHECK_OPEN (1 << 7)

/* One session. Map "sessions", an mmapable array indexed by slot. The daemon changes kill and policy with plain stores. */
struct hf_session {
        __u32 kill;       /* enum hf_kill */
        __u32 policy;     /* id of the policy in force: an index into "policies" and "books"; 0: nothing is allowed */
        __u64 generation; /* which use of this slot; in every event */
        __u64 lost;       /* events lost, counted by the kernel */
        __u64 denials;    /* refusals, counted by the kernel */
        /*
         * Not 0: rights were taken away, or files were open before: look at every read and write. The enum hf_right bits of what may
         * not go on through memory that is mapped already, which the daemon looks for; HF_RECHECK_OPEN where there is no such memory.
         */
        __u32 recheck;
        __u32 sent;     /* events put into the ring buffer, counted by the kernel */
        __u32 taken;    /* of them, those that the daemon has read */
        __u32 ipcs;     /* objects of System V IPC that it has, at most HF_IPCS; counted by the kernel */
        __u16 resolver; /* port of its resolver on the loopback addresses, to which all that goes to port 53 is led; 0: it has none */
        __u8 flows;     /* not 0: where a socket is connected to may have ceased to be allowed: look at each send */
        __u8 disk;      /* not 0: its policy limits what it writes to files: see struct hf_use */
        __u32 connections_sent, connections_taken; /* as sent and taken, which do not count them: events with HF_EVENT_APART */
        __u8 throttled;                            /* not 0: a capability of its policy has a throttle */
        __u8 gathered;                             /* not 0: it is being brought into its cgroup, and may not fork: EAGAIN */
        __u8 on_control_loss; /* what is set in kill once no daemon is there: HF_KILL_PAUSE, HF_KILL_KILL; 0: nothing */
        __u8 stopped;         /* not 0: a process of it was sent SIGSTOP for that; set by the kernel, taken back by the daemon */
        /* Of lost, by enum hf_kind, what the daemon has not taken from here yet. The kernel counts here first, then in lost. */
        __u32 lost_kinds[HF_KINDS];
        /* The daemon's: what it has read and not written yet, by enum hf_kind, so that one which crashes leaves the count. */
        __u32 held[HF_KINDS];
};

/*
 * What a session has used, in the programs' own data, by slot: counted by the kernel, set to 0 when a session begins. A limit is what the
 * count may come to, 0: none; it is the daemon's.
 */
struct hf_use {
        __u64 sent; /* bytes of the packets that were let leave the host, with the headers of IP and what TCP sends again */
        __u64 sent_limit;
        __u64 sent_held; /* packets that were dropped for that */
        /* Of a session with a limit: bytes of files, as the kernel accounts them to a task, what fallocate(2) reserved, and for what was
         * made. */
        __u64 written;
        __u64 written_limit;
        __u64 written_held; /* writes that were refused for that */
        __u64 pad[2];
};

/* The whole host. Map "host", an mmapable array of one. */
struct hf_host {
        __u32 kill;            /* enum hf_kill for every session at once */
        __u32 abi;             /* HF_ABI_VERSION of the programs that are attached */
        __u64 hash_key[2];     /* key of the hash of a name; random, written once before the programs attach */
        __u64 lost;            /* events lost that belong to no session */
        __u32 look;            /* 0: no session is killed, has recheck or disk, so what is open already needs no look; set before one is */
        __u32 control_timeout; /* looks at heartbeat, one a second while the host runs, that find it as it was, until control is lost */
        __u64 heartbeat;       /* ns of CLOCK_BOOTTIME: when the daemon had its last turn; 0: it has had none yet */
        __u64 control_lost;    /* the same: when control was lost, by the kernel; the daemon takes it back once it has acted on it */
        __u64 executables;     /* filter over the names in map "executables": hf_name_bit() of each is set; 0: there are none */
};

/* What the guard refuses unless a capability names it: the exceptions of a policy. The order is that of the names in user space's table. */
enum hf_guard {
        HF_GUARD_IO_URING_SQPOLL,
        HF_GUARD_KEYS,
        HF_GUARD_LIMITS,
        HF_GUARD_LOCK_MEMORY,
        HF_GUARD_PERF,
        HF_GUARD_PRIORITY,
        HF_GUARD_PROCESSES,
        HF_GUARD_SETUID,
        HF_GUARD_USER_NAMESPACES,
        HF_GUARD_USERFAULTFD,
        HF_GUARDS,
};

/* The Linux capabilities that a session's root keeps, by their numbers: those over its own files and processes. */
#define HF_CAPABILITY(n) (1ULL << (n))
#define HF_CAPABILITIES_KEPT \
        (HF_CAPABILITY(0) /* CHOWN */ | HF_CAPABILITY(1) /* DAC_OVERRIDE */ | HF_CAPABILITY(2) /* DAC_READ_SEARCH */ | \
         HF_CAPABILITY(3) /* FOWNER */ | HF_CAPABILITY(4) /* FSETID */ | HF_CAPABILITY(5) /* KILL */ | HF_CAPABILITY(6) /* SETGID */ | \
         HF_CAPABILITY(7) /* SETUID */ | HF_CAPABILITY(8) /* SETPCAP */ | HF_CAPABILITY(10) /* NET_BIND_SERVICE */ | \
         HF_CAPABILITY(39) /* BPF: bpf() itself is refused, with an event */)

/* What a policy has told of what it allows: for each, hf_policy.audit has the capabilities. */
enum hf_audit {
        HF_AUDIT_EXEC,    /* each program that is executed */
        HF_AUDIT_CONNECT, /* connections */
        HF_AUDIT_WRITE,   /* names that are made and removed, and files that are changed the first time */
        HF_AUDIT_DNS,     /* answers of the resolver; not the kernel's */
        HF_AUDIT_READ,    /* files that are read, mapped as code or connected to the first time */
        HF_AUDITS,
};

/* One policy in force. Map "policies", an mmapable array indexed by policy id. Written before a session points at it. */
struct hf_policy {
        __u64 active;    /* capabilities that are granted now, one bit each */
        __u64 killed;    /* capabilities that are killed */
        __u64 throttled; /* capabilities with a throttle: see map "throttles" */
        __u64 spent;     /* of them, those that have used their budget, and open no more of the network; set by the kernel */
        /* Of its book: buckets of objects come first, then those of names; the masks are their number less one. */
        __u32 objects_mask;
        __u32 names_mask;
        __u32 names_at;
        __u32 seed;             /* of the objects' hash */
        __u64 audit[HF_AUDITS]; /* of what is allowed by one of these capabilities it is told; all bits: whatever allows it */
        __u64 guard[HF_GUARDS]; /* per exception: the capabilities that name it */
};

/*
 * An object in a file system: the kernel's own numbers, which stat(2) does not always tell. Reused inode numbers differ in
 * generation. Where numbers are not unique (overlayfs, btrfs) or do not last (FUSE) the inode's address stands for it, and the daemon holds
 * the object open, which keeps the address its own.
 */
struct hf_object {
        __u64 ino;
        __u32 dev;
        __u32 generation;
};

enum hf_node_flag {
        /* Something below is denied: this place may be made as a folder, but not moved, replaced, removed or made as a link. */
        HF_NODE_WAY = 1 << 0,
        /* A rule of the policy speaks right here: a device that is this place may be opened. */
        HF_NODE_NAMED = 1 << 1,
        /* What is here runs only while map "contents" knows its content: a rule names it by its SHA-256. */
        HF_NODE_CONTENT = 1 << 2,
        /* Patterns go on by the names below: a folder that moves to where they go on otherwise would take what is in it out of their reach.
         */
        HF_NODE_PATTERN = 1 << 3,
        /* A place with the hash 0 stands for all names below that have none of their own. */
        HF_NODE_ANY = 1 << 4,
        /* From a name below that has no place, names lead on as from here. */
        HF_NODE_DEEP = 1 << 5,
        /* A name that a pattern passes: nothing speaks of it itself. */
        HF_NODE_PASS = 1 << 6,
        /* A pattern's own name, from which it leads on to what it denies: only a folder may be made here, and nothing else be written. */
        HF_NODE_FOLDER = 1 << 7,
        /* What is allowed here may be something that is told of: see hf_policy.audit. */
        HF_NODE_TOLD = 1 << 8,
};

#define HF_RULE_SEAL 0xffffffffu /* not a rule of the policy: holdfast keeps its own files from every session */

/*
 * What a session may do is what all its layers allow: its policy, and the ceilings that clip it. The number of a rule has its layer
 * in the top bits; a ceiling's number 0 says that no rule of that ceiling allows it.
 */
enum hf_layer {
        HF_LAYER_POLICY,
        HF_LAYER_USER, /* the ceiling of the session's user */
        HF_LAYER_HOST, /* the ceiling of the host */
        HF_LAYERS,
};
#define HF_RULE_LAYER_SHIFT 28

/* What a policy says of a place; what it inherits is already folded in. */
struct hf_node {
        __u64 allow[HF_RIGHTS]; /* per right: the capabilities that allow it */
        __u32 rule[HF_RIGHTS];  /* per right: number of the rule that decided, with its layer, for the event; 0: no rule */
        __u32 names;            /* table of the names right below that are places too; 0: none */
        __u16 flags;            /* enum hf_node_flag */
        __u8 deny;              /* rights that a rule denies here (the others without capabilities were never allowed) */
        __u8 pad;
};

/*
 * A book: all places of one policy, in an array map of its own (map "books" has it by policy id) that is written before a session
 * points at the policy and never after. Places are found by object, or by table and name, through buckets (see holdfast/book.h).
 */
struct hf_place {
        struct hf_node node;
        struct hf_object object; /* all zero: nothing was there when the policy was compiled */
        __u64 below;             /* filter over the names in node.names: hf_name_bit() of each is set */
};

/*
 * Map "hints", an mmapable array of one: the record of an object's place, at the object's hint (hf_hint()). 0: the object has no
 * place, so that most folders on a walk cost one load. Other objects may have the same hint; a record's object tells.
 */
#define HF_HINTS (1u << 20)
#define HF_HINT_MANY 0xffffffffu /* several places: look into the buckets */
struct hf_hints {
        __u32 place[HF_HINTS];
};

/* One entry of a bucket of objects. tag 0: the bucket ends here. */
struct hf_slot {
        __u32 tag;
        __u32 place; /* record */
};

/* One entry of a bucket of names. place 0: the bucket ends here. */
struct hf_name {
        __u64 hash;  /* SipHash of the component */
        __u32 table; /* hf_node.names of the place above */
        __u32 place; /* record */
};

#define HF_BOOK_FLAGS (BPF_F_MMAPABLE | BPF_F_INNER_MAP) /* of its map: the kernel takes no other into "books" */

#define HF_SLOTS_A_BUCKET 10
#define HF_NAMES_A_BUCKET 5
#define HF_PROBES 4 /* buckets that are looked at, one after the other, while they are full */

union hf_record {
        struct hf_place place;
        struct hf_slot slot[HF_SLOTS_A_BUCKET];
        struct hf_name name[HF_NAMES_A_BUCKET];
};

enum hf_proto {
        HF_TCP = 1 << 0,
        HF_UDP = 1 << 1,
};

enum hf_port_flag {
        HF_PORT_TLS = 1 << 0,    /* only for connections that begin with a TLS hello to a name that opens the port there: see "named" */
        HF_PORT_DENIED = 1 << 1, /* a rule denies it */
};

/*
 * Ports of one address prefix that some capability allows, or would allow without a ceiling or a denial. Those that are allowed come first:
 * what a denial says holds for the rest of its ports.
 */
struct hf_port {
        __u64 allow; /* capabilities; 0: a ceiling refuses, rule says which, or with HF_PORT_DENIED that rule of a layer does */
        __u32 rule;
        __u16 from, to; /* inclusive, host order */
        __u8 proto;     /* enum hf_proto bits */
        __u8 flags;     /* enum hf_port_flag */
        __u8 pad[2];
        __u32 until; /* s of CLOCK_BOOTTIME; 0: as long as the policy is in force */
};

/* Map "egress", an LPM trie. IPv4 stands as ::ffff:a.b.c.d. What shorter prefixes allow and deny is already folded in. */
struct hf_egress_key {
        __u32 prefix; /* bits: 32 for the policy, plus those of the address */
        __u32 policy;
        __u8 addr[16];
};

struct hf_egress {
        __u32 count;
        __u32 pad;
        struct hf_port port[HF_PORTS];
};

/*
 * Map "opened", a hash with the same keys and values, of whole addresses: what names that a session's policy allows open there, beside what
 * "egress" says. The resolver writes it before the answer leaves.
 */
#define HF_ADDRESS_BITS (32 + 128) /* prefix of a whole address */
#define HF_OPENED_MAX (1u << 18)   /* addresses of all policies together */

/*
 * Map "named", a hash: what one name alone opens at an address, where that has ports with HF_PORT_TLS. Written and deleted with what it
 * opens in "opened".
 */
#define HF_HOST_NAME 256 /* bytes of a host name; lower case, no dot at its end, the rest zero */
struct hf_named_key {
        char name[HF_HOST_NAME];
        __u8 addr[16];
        __u32 policy;
        __u32 pad;
} __attribute__((aligned(8)));

#define HF_NAMED_MAX (1u << 18) /* of all policies together */

/*
 * Map "throttles", a hash: what of the session leaves by a capability that has a throttle: what no capability without one lets leave. The
 * first of those that do is charged. Times are ns of CLOCK_BOOTTIME.
 */
struct hf_throttle_key {
        __u64 capability; /* its bit */
        __u32 policy;
        __u32 pad;
};

struct hf_throttle {
        __u64 bytes, connections; /* a second; 0: without limit */
        __u64 budget;             /* bytes in all; 0: without limit */
        __u64 used;               /* of them; counted by the kernel. More than the budget: it is spent */
        __u64 bytes_until;        /* when what has left had left at the rate; the kernel's */
        __u64 connections_until;  /* the same, of connections */
        __u32 told;               /* when it was told last that something waits: s */
        __u32 pad;
};

#define HF_THROTTLES_MAX (1u << 16)    /* of all policies together */
#define HF_THROTTLE_BURST 250000000ull /* ns: what of the bytes of a second leaves at once */

#define HF_NAME_SERVER 53 /* port, of UDP and TCP, that is led to the resolver */
#define HF_GRACE 3600     /* s that what is connected goes on once the time of an address that a name has opened has ended */

/* Socket storage "led": to which name server a socket that was led to the resolver asked to go, for the source of what comes back. */
struct hf_led {
        __u8 addr[16]; /* IPv4 as ::ffff:a.b.c.d */
        __u16 to;      /* port of the resolver, host order */
        __u16 pad[3];
};

/* What is wrong with a TLS hello; detail of its event. The order is that of the names in user space's table. */
enum hf_hello_fault {
        HF_HELLO_FITS,
        HF_HELLO_NOT_TLS,   /* what is sent is none */
        HF_HELLO_MALFORMED, /* it does not follow RFC 8446, or is spread over several records */
        HF_HELLO_NO_NAME,   /* it does not say which server is meant */
        HF_HELLO_ENCRYPTED, /* it may mean another than it says: Encrypted Client Hello */
        HF_HELLO_OTHER,     /* it means one that does not open the port there */
        HF_HELLO_UNCOPIED,  /* it is sent without a copy, so that it might still be changed */
        HF_HELLO_FAULTS,
};

#define HF_HELLO_FIELD 16 /* bytes of a field that is gathered */

/*
 * Socket storage "hellos": how far the hello of a connection that needs one has been looked at, from its first packet until it is found to
 * fit. A field may be spread over packets.
 */
struct hf_hello {
        struct hf_named_key key; /* the name, as it is gathered */
        __u32 next;              /* sequence number of the first byte that was not looked at */
        __u32 told;              /* when the fault was told last: s of CLOCK_BOOTTIME */
        __u32 at, end;           /* what is looked at in the packet in hand */
        __u32 left;              /* bytes of the hello behind the field in hand */
        __u32 pass;              /* bytes to be passed over before it */
        __u16 need, have;        /* bytes of the field, and how many of them are here */
        __u16 listed;            /* bytes of the extension with the name */
        __u8 stage;
        __u8 fault; /* enum hf_hello_fault */
        __u8 name_len;
        __u8 pad[7];
        __u8 field[2 * HF_HELLO_FIELD];
        __u8 room[160]; /* the verifier cannot tell that have and need together stay within a field */
};

/*
 * The content of a file as far as the kernel can tell it from another: no write leaves all of this as it was. Of a file on overlayfs it is
 * that of the file in the layer. ino 0: it cannot be told.
 */
struct hf_content {
        __u64 ino;
        __u64 size;
        __s64 ctime; /* s */
        __u32 ctime_nsec;
        __u32 dev;
};

/* Map "contents": by policy and object, content that was found to have the SHA-256 that the policy names. */
struct hf_known_key {
        struct hf_object object;
        __u32 policy;
        __u32 pad;
};

struct hf_known {
        struct hf_content content;
        __u64 allow; /* capabilities that name it */
};

#define HF_KNOWN_MAX (1u << 16) /* of all policies together */

#define HF_ANYBODY 0xffffffffu

/* Map "used", an LRU hash: objects of whose first use by a right was told. What is pushed out is told of again. */
struct hf_used {
        struct hf_object object;
        __u64 generation; /* of the session */
        __u32 right;      /* enum hf_right */
        __u32 pad;
};

#define HF_USED_MAX 32768

/*
 * Map "executables", a hash: programs that run in a session or not at all. Each is there as the object, with names 0, and as its place:
 * below each of the folders above, as far as they exist, with the hash of the names from it down to the program (hf_names_join()). So one
 * that was just replaced, or whose folder was, is known before the daemon has seen it.
 */
#define HF_EXECUTABLE_LEVELS 4
#define HF_EXECUTABLE_RULES 8
#define HF_EXECUTABLES_MAX 4096 /* keys */

struct hf_executable_key {
        struct hf_object object;
        __u64 names;
};

struct hf_executable_rule {
        __u64 cgroup; /* the hashes of the names from the root of the hierarchy down, joined: about what is in it, or below; 0: anywhere */
        __u32 user;   /* real uid; HF_ANYBODY: everybody */
        __u32 pad;
};

struct hf_executable {
        __u64 count; /* at least 1 */
        struct hf_executable_rule rule[HF_EXECUTABLE_RULES];
};

/* Map "request", an mmapable array of one: what the daemon asks of the iterators. */
struct hf_request {
        __u64 cgroup;  /* stamp: take in the tasks below this cgroup; 0: none */
        __u32 root;    /* stamp: and this process with all that descends from it; 0: none */
        __u32 slot;    /* stamp: into this slot; else: of this slot */
        __u32 owner;   /* stamp: only what is this user's; HF_ANYBODY: anybody's */
        __u32 foreign; /* stamp: a process that is not, and is to be taken in or is; 0: none */
        __u32 count;   /* stamp: how many were taken in; release: let go; mappings: not 0 once one was found */
        __u32 failed;  /* stamp: how many could not be */
        __u32 policy;  /* decide: under this policy */
        __u32 fd;      /* decide: about what is behind this descriptor, */
        __u32 missing; /* decide: or so many components below it, which do not exist; more than HF_LEVELS are too many */
        __u32 rights;  /* mappings: those that refuse one of these */
        __u32 action;  /* mappings: what is done to a process that has one, enum hf_kill, for its event; 0: nothing, and no event */
        __u32 pad;
        __u64 name[HF_LEVELS]; /* decide: the SipHash of each, from the top */
};

/* What the iterator over the daemon's descriptors answers, one record a descriptor. */
struct hf_named {
        struct hf_object object;
        __u32 fd;
        __u32 hold; /* not 0: must stay open as long as the policy is loaded */
};

/* What the iterator over the contents behind the daemon's descriptors answers, one record for each regular file. */
struct hf_sight {
        struct hf_content content;
        __u32 fd;
        __u32 magic;   /* of the file system that holds it */
        __s32 writers; /* more than 0: somebody has it open, or mapped, for writing */
        __u32 pad;
};

/* What the iterator that explains answers: the place that decides about an object. Ends before node where nothing does. */
struct hf_decided {
        __u32 found; /* 0: nothing decides, so everything is refused */
        __u32 own;   /* not 0: it speaks of this very object or name, not of a folder above */
        __u32 known; /* not 0: the content is one that the policy names; to be asked where the node has HF_NODE_CONTENT */
        __u32 pad;
        struct hf_node node;
};

/* What the iterator over all tasks answers, one record for each thread that has memory. */
struct hf_seen {
        __u64 memory, files; /* what stands for its memory and its table of descriptors: the same where they are shared */
        __u64 capabilities;  /* effective ones */
        __u32 tid, tgid;
        __u32 tracer; /* the process that traces it; 0: none */
        __u32 userns; /* number of its user namespace */
        __u32 member; /* not 0: it belongs to the requested slot */
        __u32 sqpoll; /* not 0: it is the kernel's, of an io_uring */
};

/* What a process has a descriptor of. */
enum hf_held_kind {
        HF_HELD_FILE = 1,  /* that the policy refuses */
        HF_HELD_DEVICE,    /* the same, and it is a device */
        HF_HELD_PROCESS,   /* in /proc, of a process outside of the session */
        HF_HELD_QUEUE,     /* of POSIX messages */
        HF_HELD_OBJECT,    /* one of the kernel's without a place, whatever the policy says */
        HF_HELD_WATCHES,   /* inotify's, of what may not be read: some, and more once those are removed */
        HF_HELD_SOCKET,    /* of a kind that no session may have */
        HF_HELD_LISTENER,  /* a socket that listens beyond loopback */
        HF_HELD_CONNECTED, /* a socket that is connected to where the policy does not let it */
        HF_HELD_UNIX,      /* the same, of a unix socket */
        HF_HELD_OWNED,     /* whose signals go to a process outside of the session */
};

#define HF_UNIX_NAME 108
#define HF_WATCHES (HF_UNIX_NAME / 4)

/* What the iterators over the descriptors and the mappings of a process answer, one record for each that is to be told of. */
struct hf_held {
        __u64 start;    /* of a mapping: its first address */
        __u32 tid;      /* whose descriptor it is */
        __u32 fd;       /* of a mapping: 0 */
        __u16 kind;     /* enum hf_held_kind */
        __u16 family;   /* of a socket, */
        __u16 type;     /* as is this, */
        __u16 protocol; /* and this */
        __u16 port;     /* host order */
        __u16 name_len; /* of the other end of a unix socket; of watches, how many */
        __u8 rights;    /* enum hf_right bits that it uses and the policy refuses */
        __u8 pad[3];
        __u8 addr[16]; /* IPv4 as ::ffff:a.b.c.d; of a listener, its own */
        union {
                char name[HF_UNIX_NAME];
                __u32 watch[HF_WATCHES];
        };
        __u32 last_pad;
};

/* What a socket is to the session that it belongs to. */
enum hf_socket {
        HF_SOCKET_MADE,     /* made, or bound */
        HF_SOCKET_AWAY,     /* connected on loopback to where a rule lets it; never counts as one that listens again */
        HF_SOCKET_WITHIN,   /* the same, and another of the session's is there */
        HF_SOCKET_LISTENS,  /* listens on loopback, or was accepted there */
        HF_SOCKET_HOME,     /* connected on loopback to another of the session's, or has sent there */
        HF_SOCKET_RESOLVER, /* its resolver's */
};

/* Task storage "tasks": which session a task belongs to. Socket storage "owners": the same of a socket. */
struct hf_task {
        __u32 slot;
        /* Of a task: not 0 when it began in the session. Of a socket: enum hf_socket. Of a cgroup: not 0 once its session has ended while
         * a kill was in force. */
        __u32 kind;
        __u64 generation;
};

/*
 * In the programs' own data: what was found in a task's own record, which never changes, because the kernel's look into task storage costs
 * as much as a walk. It is forgotten when the task's address becomes another's. Entries are overwritten without a lock: check is over all
 * of the entry and the task that it is of, so that one of another task, or written by two at once, is none.
 */
struct hf_known_task {
        __u64 check;
        __u64 generation;
        __u32 slot;
        __u32 pad[3];
};

#define HF_TASKS_KNOWN 4096

/* Socket storage "peers" on the accepted end of a unix stream connection: who connected, as the kernel saw it. */
struct hf_peer {
        __u32 slot;       /* session of the connecting task; 0: not an agent */
        __u32 tgid;       /* process, in the initial pid namespace */
        __u64 start;      /* its start, in ns of CLOCK_BOOTTIME: tells a reused pid apart */
        __u64 generation; /* of the session */
};

/* What an event is about. */
enum hf_kind {
        HF_EVENT_FILE = 1,
        HF_EVENT_EXEC,
        HF_EVENT_CONNECT,
        HF_EVENT_GUARD,
        HF_EVENT_SESSION, /* a task was taken into a session, or a session's last task ended */
};

/* Which operation; op of an event. The order is that of the names in user space's table. */
enum hf_op {
        HF_OP_NONE,
        HF_OP_OPEN,
        HF_OP_CREATE,
        HF_OP_MKDIR,
        HF_OP_UNLINK,
        HF_OP_RMDIR,
        HF_OP_SYMLINK,
        HF_OP_LINK,
        HF_OP_RENAME,
        HF_OP_SETATTR,
        HF_OP_XATTR,
        HF_OP_EXEC,
        HF_OP_MAP,
        HF_OP_CONNECT,
        HF_OP_SEND,
        HF_OP_RECV,
        HF_OP_BIND,
        HF_OP_LISTEN,
        HF_OP_ACCEPT,
        HF_OP_SOCKET,
        HF_OP_UNIX,
        HF_OP_READ,
        HF_OP_WRITE,
        HF_OP_BPF,
        HF_OP_PTRACE,
        HF_OP_SIGNAL,
        HF_OP_MOUNT,
        HF_OP_NAMESPACE,
        HF_OP_CHROOT,
        HF_OP_PERF,
        HF_OP_MODULE,
        HF_OP_CAPABILITY,
        HF_OP_IOCTL,
        HF_OP_IPC,
        HF_OP_KEY,
        HF_OP_PRIORITY,
        HF_OP_ENTER, /* a task was taken into a session */
        HF_OP_SETUID,
        HF_OP_LOG,
        HF_OP_LIMIT,
        HF_OP_MEMORY,
        HF_OP_USERFAULTFD,
        HF_OP_OWNER, /* of the signals that a file sends */
        HF_OP_WATCH,
        HF_OP_REVOKE, /* a process has mapped what it may no more, and is stopped */
        HF_OP_LOCK,
        HF_OP_HELLO, /* the first message of TLS; its event has the name, if any, as its path */
        HF_OP_CLOSE, /* of a connection that was told of */
        HF_OP_FORK,  /* or a thread */
        HF_OPS,
};

/* Why it was refused. */
enum hf_why {
        HF_WHY_ALLOWED,
        HF_WHY_NO_RULE,  /* no capability allows it */
        HF_WHY_RULE,     /* a rule denies it */
        HF_WHY_INACTIVE, /* a capability would allow it, but is not granted or is killed */
        HF_WHY_KILLED,   /* the session or the host is killed */
        HF_WHY_GAIN,     /* moving or linking would gain a right */
        HF_WHY_WAY,      /* the place is on the way to a denied one */
        HF_WHY_DEPTH,    /* it could not be decided: too deep, or not below any root */
        HF_WHY_GUARD,    /* the guard refuses it to every session */
        HF_WHY_DEVICE,   /* a device that no rule names */
        HF_WHY_CONTENT,  /* its content is not, or no longer, what the rule names */
        HF_WHY_PRIVATE,  /* the name leads only to where no rule lets it lead */
        HF_WHY_LIMIT,    /* more queries, or names, than one session may ask for */
        HF_WHY_TLS,      /* the TLS hello is not one to a name that is allowed there */
        HF_WHY_RATE,     /* more bytes, or connections, than the capability's throttle lets leave now */
        HF_WHY_BUDGET,   /* the capability has used its budget */
        HF_WHY_DISK,     /* the session has written to files what it may */
        HF_WHY_HOST,     /* a rule of the host confines the program, and it would run in no session */
        HF_WHYS,
};

enum hf_event_flag {
        HF_EVENT_TRUNCATED = 1 << 0, /* the path did not fit */
        HF_EVENT_DENIED = 1 << 1,
        HF_EVENT_CONNECTION = 1 << 2, /* a connection was made, accepted or closed; of UDP: a socket has sent there first, is closed */
        HF_EVENT_ALLOWED = 1 << 3,    /* of an object, and told because the policy has it told */
};
#define HF_EVENT_APART (HF_EVENT_CONNECTION | HF_EVENT_ALLOWED) /* has room of its own in the buffer */

/*
 * One event in the ring buffer "events". path holds path_len bytes: the components from the object up to the root of its file
 * system, each ended by NUL, the object's own first. User space puts the mount point of dev before them.
 */
struct hf_event {
        __u64 time; /* ns, CLOCK_BOOTTIME */
        __u64 generation;
        __u64 ino;
        __u64 sent, received; /* close: bytes each way; of UDP those sent */
        __u32 slot;
        __u32 policy;
        __u32 rule;
        __u32 pid; /* thread group, in the initial pid namespace; of a connection: who connected, or listened; 0: not known */
        __u32 tid;
        __u32 uid;
        __u32 dev;
        /* guard: the capability, signal, socket family or command that was refused; revoke: what is done, enum hf_kill; hello: its fault */
        __u32 detail;
        __s32 error; /* what the caller got, negative errno; 0 when allowed */
        __u16 kind;  /* enum hf_kind */
        __u16 op;    /* enum hf_op */
        __u16 flags; /* enum hf_event_flag */
        __u16 path_len;
        __u16 port;       /* host order */
        __u16 local_port; /* of a connection or a hello: the end that asked */
        __u8 why;         /* enum hf_why */
        __u8 right;       /* enum hf_right bits that were refused, or asked for */
        __u8 proto;       /* enum hf_proto */
        __u8 pad;
        __u8 addr[16];
        __u8 from[16]; /* of a hello: the address of that end */
        char comm[16];
        char path[];
};

#define HF_EVENTS_WAITING 1024      /* of one session; more are lost, so that a session that floods takes no room from others, nor time */
#define HF_CONNECTIONS_WAITING 512  /* the same, of events with HF_EVENT_APART, which take no room from the others */
#define HF_EVENTS_BUFFER (8u << 20) /* bytes of all that wait */
/* So many of each a session may have waiting also while half of the buffer is full: what is left is for those that do not flood. */
#define HF_EVENTS_SPARE 16
#define HF_EVENT_SMALL 544 /* bytes of an event with a short path */
#define HF_EVENT_LARGE (sizeof(struct hf_event) + HF_PATH)

_Static_assert(sizeof(struct hf_session) == 128, "hf_session");
_Static_assert(sizeof(struct hf_use) == 64, "hf_use");
_Static_assert(sizeof(struct hf_host) == 64, "hf_host");
_Static_assert(sizeof(struct hf_policy) == 48 + (HF_AUDITS + HF_GUARDS) * 8, "hf_policy");
_Static_assert(sizeof(struct hf_node) == 56, "hf_node");
_Static_assert(sizeof(struct hf_place) == 80, "hf_place");
_Static_assert(sizeof(union hf_record) == 80, "hf_record");
_Static_assert(sizeof(struct hf_port) == 24, "hf_port");
_Static_assert(sizeof(struct hf_egress_key) == 24, "hf_egress_key");
_Static_assert(sizeof(struct hf_egress) == 8 + HF_PORTS * 24, "hf_egress");
_Static_assert(sizeof(struct hf_throttle_key) == 16, "hf_throttle_key");
_Static_assert(sizeof(struct hf_throttle) == 56, "hf_throttle");
_Static_assert(sizeof(struct hf_led) == 24, "hf_led");
_Static_assert(sizeof(struct hf_named_key) == 280, "hf_named_key");
_Static_assert(sizeof(struct hf_hello) == 2 * HF_HOST_NAME, "hf_hello");
/* Of all that the kernel allows in a namespace (4,096 of shared memory, 32,000 of the others), what one session may have together. */
#define HF_IPCS 1024

enum hf_ipc_kind { HF_IPC_SHM, HF_IPC_SEM, HF_IPC_QUEUE };

/* An object of System V IPC, as the iterator over a session's writes it. */
struct hf_ipc {
        __u32 kind; /* enum hf_ipc_kind */
        __s32 id;
};

_Static_assert(sizeof(struct hf_request) == 56 + HF_LEVELS * 8, "hf_request");
_Static_assert(sizeof(struct hf_named) == 24, "hf_named");
_Static_assert(sizeof(struct hf_executable_key) == 24, "hf_executable_key");
_Static_assert(sizeof(struct hf_executable) == 8 + HF_EXECUTABLE_RULES * 16, "hf_executable");
_Static_assert(sizeof(struct hf_decided) == sizeof(struct hf_node) + 16, "hf_decided");
_Static_assert(sizeof(struct hf_content) == 32, "hf_content");
_Static_assert(sizeof(struct hf_known_key) == 24, "hf_known_key");
_Static_assert(sizeof(struct hf_known) == 40, "hf_known");
_Static_assert(sizeof(struct hf_sight) == 48, "hf_sight");
_Static_assert(sizeof(struct hf_seen) == 48, "hf_seen");
_Static_assert(sizeof(struct hf_held) == 160, "hf_held");
_Static_assert(sizeof(struct hf_task) == 16, "hf_task");
_Static_assert(sizeof(struct hf_known_task) == 32, "hf_known_task");
_Static_assert(sizeof(struct hf_peer) == 24, "hf_peer");
_Static_assert(sizeof(struct hf_event) == 144, "hf_event");

#endif
