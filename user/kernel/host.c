/* SPDX-License-Identifier: Apache-2.0 */
/* What a host needs, looked at one by one, each with what to do when it is missing. */
#include "kernel/internal.h"

#include "base/cleanup.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/magic.h>
#include <mntent.h>
#include <stdarg.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/utsname.h>

static bool found(struct host_check *c, bool ok, const char *format, ...) __attribute__((format(printf, 3, 4)));
static bool found(struct host_check *c, bool ok, const char *format, ...)
{
        va_list ap;

        c->ok = ok;
        va_start(ap, format);
        vsnprintf(c->text, sizeof(c->text), format, ap);
        va_end(ap);
        return ok;
}

static bool check_root(struct host_check *c)
{
        if (geteuid() != 0)
                return found(c, false, "this is user %u; loading programs needs root: run it with sudo", geteuid());
        return found(c, true, "running as root");
}

static bool check_kernel(struct host_check *c)
{
        struct utsname u;
        unsigned major = 0, minor = 0;

        if (uname(&u) || sscanf(u.release, "%u.%u", &major, &minor) != 2)
                return found(c, false, "the kernel's version cannot be read");
        if (major < 6 || (major == 6 && minor < 1))
                return found(c, false, "kernel %s is too old: use 6.1 or newer", u.release);
        return found(c, true, "%s", u.release);
}

static bool check_btf(struct host_check *c)
{
        if (access("/sys/kernel/btf/vmlinux", R_OK))
                return found(c, false,
                             "/sys/kernel/btf/vmlinux: %s; use a kernel built with CONFIG_DEBUG_INFO_BTF, and mount sysfs on /sys",
                             strerror(errno));
        return found(c, true, "/sys/kernel/btf/vmlinux");
}

static bool check_cgroup(struct host_check *c)
{
        FILE *f = setmntent("/proc/self/mounts", "r");
        struct mntent *entry;
        bool ok = false;

        while (f && !ok && (entry = getmntent(f)))
                if (strcmp(entry->mnt_type, "cgroup2") == 0) {
                        struct statfs fs;

                        ok = !statfs(entry->mnt_dir, &fs) && (unsigned long)fs.f_type == CGROUP2_SUPER_MAGIC &&
                             found(c, true, "cgroup v2 on %s", entry->mnt_dir);
                }
        if (f)
                endmntent(f);
        return ok ? true : found(c, false, "no cgroup v2 is mounted: mount -t cgroup2 none /sys/fs/cgroup");
}

static bool check_bpffs(struct host_check *c)
{
        struct statfs fs;

        if (statfs("/sys/fs/bpf", &fs) || (unsigned long)fs.f_type != BPF_FS_MAGIC)
                return found(c, false, "no bpffs on /sys/fs/bpf: mount -t bpf bpf /sys/fs/bpf");
        return found(c, true, "/sys/fs/bpf");
}

static bool check_lsm(struct host_check *c)
{
        _cleanup_fclose_ FILE *f = fopen("/sys/kernel/security/lsm", "re");
        char line[256] = "", copy[256];
        char *save = NULL;

        if (!f || !fgets(line, sizeof(line), f))
                return found(c, false, "/sys/kernel/security/lsm cannot be read (%s): mount -t securityfs none /sys/kernel/security",
                             strerror(errno));
        line[strcspn(line, "\n")] = '\0';
        strcpy(copy, line);
        for (char *name = strtok_r(copy, ",", &save); name; name = strtok_r(NULL, ",", &save))
                if (strcmp(name, "bpf") == 0)
                        return found(c, true, "%s", line);
        return found(c, false, "bpf is not among the active LSMs (%s): boot with lsm=%s,bpf", line, line);
}

/* Loads the smallest program there is for a hook, and lets it go. */
static bool check_load(struct host_check *c)
{
        struct bpf_insn code[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K }, { .code = BPF_JMP | BPF_EXIT } };
        LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_LSM_MAC);
        struct btf *btf = btf__load_vmlinux_btf();
        _cleanup_close_ int fd = -1;
        int id = btf ? btf__find_by_name_kind(btf, "bpf_lsm_file_open", BTF_KIND_FUNC) : -ENOENT;

        btf__free(btf);
        if (id <= 0)
                return found(c, false, "the kernel has no BPF LSM hooks: use one built with CONFIG_BPF_LSM");
        opts.attach_btf_id = (__u32)id;
        fd = bpf_prog_load(BPF_PROG_TYPE_LSM, "probe", "GPL", code, ARRAY_SIZE(code), &opts);
        if (fd < 0)
                return found(c, false, "the kernel refuses to load an LSM program (%s): %s", strerror(errno),
                             errno == EPERM ? "this machine forbids it (a container, a hardened or locked-down host); use the host itself, "
                                              "or a virtual machine"
                                            : "use a kernel built with CONFIG_BPF_LSM");
        return found(c, true, "an LSM program loads");
}

int host_check(struct host_check checks[HOST_CHECKS], int *count)
{
        static const struct {
                const char *name;
                bool (*look)(struct host_check *c);
        } all[] = {
                { "root", check_root },   { "kernel", check_kernel }, { "btf", check_btf },   { "cgroup", check_cgroup },
                { "bpffs", check_bpffs }, { "lsm", check_lsm },       { "load", check_load },
        };
        int failed = 0;

        _Static_assert(ARRAY_SIZE(all) <= HOST_CHECKS, "HOST_CHECKS");
        for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
                memset(&checks[i], 0, sizeof(checks[i]));
                checks[i].name = all[i].name;
                failed += !all[i].look(&checks[i]);
        }
        *count = ARRAY_SIZE(all);
        return failed;
}
