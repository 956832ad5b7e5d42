/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/names.h"

#include "base/cleanup.h"

#include <errno.h>
#include <string.h>

static const char *const kinds[] = {
        [HF_EVENT_FILE] = "file",   [HF_EVENT_EXEC] = "exec",       [HF_EVENT_CONNECT] = "connect",
        [HF_EVENT_GUARD] = "guard", [HF_EVENT_SESSION] = "session",
};

static const char *const ops[HF_OPS] = {
        [HF_OP_NONE] = "none",     [HF_OP_OPEN] = "open",       [HF_OP_CREATE] = "create",   [HF_OP_MKDIR] = "mkdir",
        [HF_OP_UNLINK] = "unlink", [HF_OP_RMDIR] = "rmdir",     [HF_OP_SYMLINK] = "symlink", [HF_OP_LINK] = "link",
        [HF_OP_RENAME] = "rename", [HF_OP_SETATTR] = "setattr", [HF_OP_XATTR] = "xattr",     [HF_OP_EXEC] = "exec",
        [HF_OP_MAP] = "map",       [HF_OP_CONNECT] = "connect", [HF_OP_SEND] = "send",       [HF_OP_RECV] = "receive",
        [HF_OP_BIND] = "bind",     [HF_OP_LISTEN] = "listen",   [HF_OP_ACCEPT] = "accept",   [HF_OP_SOCKET] = "socket",
        [HF_OP_UNIX] = "unix",     [HF_OP_READ] = "read",       [HF_OP_WRITE] = "write",     [HF_OP_BPF] = "bpf",
        [HF_OP_PTRACE] = "ptrace", [HF_OP_SIGNAL] = "signal",   [HF_OP_MOUNT] = "mount",     [HF_OP_NAMESPACE] = "namespace",
        [HF_OP_CHROOT] = "chroot", [HF_OP_PERF] = "perf",       [HF_OP_MODULE] = "module",   [HF_OP_CAPABILITY] = "capability",
        [HF_OP_IOCTL] = "ioctl",   [HF_OP_IPC] = "ipc",         [HF_OP_KEY] = "key",         [HF_OP_PRIORITY] = "priority",
        [HF_OP_ENTER] = "enter",   [HF_OP_SETUID] = "setuid",   [HF_OP_LOG] = "log",         [HF_OP_LIMIT] = "limit",
        [HF_OP_MEMORY] = "memory", [HF_OP_OWNER] = "owner",     [HF_OP_WATCH] = "watch",     [HF_OP_USERFAULTFD] = "userfaultfd",
        [HF_OP_REVOKE] = "revoke", [HF_OP_LOCK] = "lock",       [HF_OP_HELLO] = "hello",     [HF_OP_CLOSE] = "close",
        [HF_OP_FORK] = "fork",
};

static const struct {
        const char *name, *text, *rule;
} whys[HF_WHYS] = {
        [HF_WHY_ALLOWED] = { "allowed", "a rule allows it", "none" },
        [HF_WHY_NO_RULE] = { "no_rule", "no capability allows it", "default deny" },
        [HF_WHY_RULE] = { "rule", "a rule denies it", "default deny" },
        [HF_WHY_INACTIVE] = { "inactive", "the capability that would allow it is not granted", "default deny" },
        [HF_WHY_KILLED] = { "killed", "a kill is in force", "kill" },
        [HF_WHY_GAIN] = { "gain", "moving or linking it would gain a right", "default deny" },
        [HF_WHY_WAY] = { "way", "it is on the way to a denied place", "default deny" },
        [HF_WHY_DEPTH] = { "depth", "it could not be decided: too deep, or below no known root", "default deny" },
        [HF_WHY_DEVICE] = { "device", "a device opens only where a rule names it, not a folder above", "default deny" },
        [HF_WHY_CONTENT] = { "content", "its content is not, or no longer, what the rule names by sha256", "default deny" },
        [HF_WHY_PRIVATE] = { "private", "the name leads only to addresses to which no rule lets it lead", "default deny" },
        [HF_WHY_LIMIT] = { "limit", "too many queries, too many different names, or a label that is too long", "limit" },
        [HF_WHY_TLS] = { "tls", "the connection does not begin with a TLS hello to a name that is allowed there", "default deny" },
        [HF_WHY_RATE] = { "rate", "the capability's throttle lets no more leave now, or cannot count what this socket sends", "throttle" },
        [HF_WHY_BUDGET] = { "budget", "the capability has used its budget", "throttle" },
        [HF_WHY_DISK] = { "disk", "the session has written all that its policy lets it write to files", "limit" },
        [HF_WHY_HOST] = { "host", "a rule of the host lets it run in a session only, and holdfastd has begun none: is that running?",
                          "host" },
        [HF_WHY_GUARD] = { "guard", "the guard refuses it to every session", "guard" },
};

static const char *const linux_capabilities[] = {
        "chown",
        "dac_override",
        "dac_read_search",
        "fowner",
        "fsetid",
        "kill",
        "setgid",
        "setuid",
        "setpcap",
        "linux_immutable",
        "net_bind_service",
        "net_broadcast",
        "net_admin",
        "net_raw",
        "ipc_lock",
        "ipc_owner",
        "sys_module",
        "sys_rawio",
        "sys_chroot",
        "sys_ptrace",
        "sys_pacct",
        "sys_admin",
        "sys_boot",
        "sys_nice",
        "sys_resource",
        "sys_time",
        "sys_tty_config",
        "mknod",
        "lease",
        "audit_write",
        "audit_control",
        "setfcap",
        "mac_override",
        "mac_admin",
        "syslog",
        "wake_alarm",
        "block_suspend",
        "audit_read",
        "perfmon",
        "bpf",
        "checkpoint_restore",
};

static const char *const attaches[] = { [ATTACH_RUN] = "run", [ATTACH_PID] = "pid", [ATTACH_CGROUP] = "cgroup", [ATTACH_EXEC] = "exec" };

static const struct {
        uint32_t bit;
        const char *name, *state;
} strengths[] = {
        /* the strictest first */
        { HF_KILL_KILL, "kill", "killed" },
        { HF_KILL_PAUSE, "pause", "paused" },
        { HF_KILL_DENY, "deny", "denied" },
};

static const char *const hello_faults[HF_HELLO_FAULTS] = {
        [HF_HELLO_FITS] = "fits",         [HF_HELLO_NOT_TLS] = "not_tls",     [HF_HELLO_MALFORMED] = "malformed",
        [HF_HELLO_NO_NAME] = "no_name",   [HF_HELLO_ENCRYPTED] = "encrypted", [HF_HELLO_OTHER] = "other_name",
        [HF_HELLO_UNCOPIED] = "uncopied",
};

static const char *lookup(const char *const *table, size_t n, unsigned i)
{
        return i < n && table[i] ? table[i] : "unknown";
}

const char *kind_name(unsigned kind)
{
        return lookup(kinds, ARRAY_SIZE(kinds), kind);
}

const char *op_name(unsigned op)
{
        return lookup(ops, ARRAY_SIZE(ops), op);
}

const char *hello_fault_name(unsigned fault)
{
        return lookup(hello_faults, ARRAY_SIZE(hello_faults), fault);
}

const char *why_name(unsigned why)
{
        return why < HF_WHYS ? whys[why].name : "unknown";
}

const char *why_text(unsigned why)
{
        return why < HF_WHYS ? whys[why].text : "unknown";
}

const char *why_rule(unsigned why)
{
        return why < HF_WHYS ? whys[why].rule : "unknown";
}

const char *proto_name(unsigned proto)
{
        return proto == HF_TCP ? "tcp" : proto == HF_UDP ? "udp" : "unknown";
}

const char *linux_capability_name(unsigned n)
{
        return lookup(linux_capabilities, ARRAY_SIZE(linux_capabilities), n);
}

const char *attach_name(unsigned attach)
{
        return lookup(attaches, ARRAY_SIZE(attaches), attach);
}

int attach_parse(const char *text)
{
        for (size_t i = 0; i < ARRAY_SIZE(attaches); i++)
                if (!strcmp(attaches[i], text))
                        return (int)i;
        return -EINVAL;
}

const char *strength_name(uint32_t bit)
{
        for (size_t i = 0; i < ARRAY_SIZE(strengths); i++)
                if (strengths[i].bit == bit)
                        return strengths[i].name;
        return "unknown";
}

int strength_parse(const char *text, uint32_t *ret)
{
        for (size_t i = 0; i < ARRAY_SIZE(strengths); i++) {
                if (strcmp(strengths[i].name, text) != 0)
                        continue;
                *ret = strengths[i].bit;
                return 0;
        }
        return -EINVAL;
}

const char *kill_state(uint32_t bits)
{
        for (size_t i = 0; i < ARRAY_SIZE(strengths); i++)
                if (bits & strengths[i].bit)
                        return strengths[i].state;
        return "running";
}
