/* SPDX-License-Identifier: Apache-2.0 */
/*
 * property FOLDER SEED SECONDS OPERATIONS: random trees in FOLDER, random policies over them and random operations, each done in a session
 * and compared with what the policy says in user space (lib/model.h). Ends after SECONDS or OPERATIONS, whichever comes first (0: no
 * limit). Prints what was compared, or the seed, the policy and the operation that the two differ about, and exits 1.
 *
 * Two processes: a partner outside of the session makes the tree and applies the policy of each round; the agent does the rest. An
 * operation that would fail anyway is left out, so that success is what an allowed one comes to.
 */
#include "lib/http.h"
#include "lib/operations.h"
#include "lib/world.h"

#include <signal.h>
#include <sys/wait.h>

#define ROUND 1500    /* operations on one tree */
#define DIFFERENCES 5 /* shown before it ends */

static uint64_t seed;

/* ---- the partner --------------------------------------------------------------------------------------------------------------- */

static uint64_t round_seed(unsigned number)
{
        return seed * 1000003 + number;
}

static void make_round(unsigned number)
{
        char target[128];
        int fd = http_connect("/run/holdfast/api.sock");

        state = round_seed(number);
        make_tree();
        make_policy();
        snprintf(target, sizeof(target), "/v1/sessions/%s/policy", page->session);
        http_send(fd, "PUT", target, page->policy);
        page->status = http_answer(fd, page->answer, sizeof(page->answer));
        close(fd);
}

static int partner(pid_t agent)
{
        int status;

        while (waitpid(agent, &status, WNOHANG) == 0) {
                struct timespec moment = { 0, 200000 };

                if (page->made == page->wanted) {
                        nanosleep(&moment, NULL);
                        continue;
                }
                make_round(page->wanted);
                page->made = page->wanted;
        }
        while (page->to[0] && umount2(page->to, MNT_DETACH) == 0)
                ;
        umount2(root, MNT_DETACH);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* ---- the agent: what the policy says ------------------------------------------------------------------------------------------- */

static int view_open(void *context, int folder, const char *component, struct fs_object *ret)
{
        char target[PATH_MAX];
        struct stat st;
        ssize_t length;
        int fd;

        (void)context;
        fd = folder < 0 ? open("/", O_PATH | O_DIRECTORY | O_CLOEXEC) : openat(folder, component, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        NEED(fstat(fd, &st));
        *ret = (struct fs_object){ .fd = fd, .folder = S_ISDIR(st.st_mode) };
        if (S_ISLNK(st.st_mode)) {
                length = NEED(readlinkat(fd, "", target, sizeof(target) - 1));
                ret->target = strndup(target, (size_t)length);
        }
        return 0;
}

/* Whether there is a policy to compare with: one that cannot be compiled must have been refused. */
static bool read_policy(struct policy **policy)
{
        const char *const mounts[] = { root, page->to[0] ? page->to : NULL, NULL };
        const struct fs_view view = { view_open, NULL, mounts };
        const struct policy_vars vars = { .workspace = root, .tmpdir = "/tmp" };
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        struct compiled *compiled = NULL;
        int r = policy_parse(page->policy, strlen(page->policy), policy, &findings);

        if (r == 0)
                r = policy_compile(*policy, &vars, &view, &compiled, &findings);
        if (r == 0 && (r = model_make(&model, compiled, page->from, page->to[0] ? page->to : NULL)) < 0)
                model_clear(&model);
        if ((r == 0) != (page->status / 100 == 2)) {
                printf("the daemon answered %d to a policy that compiles with %d: %s\n%s\n", page->status, r, page->answer, page->policy);
                exit(1);
        }
        return r == 0;
}

static unsigned long compared[KINDS], refused[KINDS], gains;
static int differences;

static void show_decider(const char *path)
{
        struct decider d = model_find(&model, path);

        printf("%s: %s", path, d.own ? "a place of its own" : "no place of its own");
        if (!d.node) {
                printf(", nothing decides\n");
                return;
        }
        printf("%s, refused %#x, rules %u %u %u\n", d.node->flags & HF_NODE_WAY ? ", on the way to a denied one" : "",
               hf_refused(d.node, model.c->active, HF_RIGHTS_ALL), d.node->rule[0], d.node->rule[1], d.node->rule[2]);
}

static void show_difference(struct operation *o, unsigned number)
{
        printf("they differ: %s %s%s%s: user space expects %s, the kernel says %s\nseed %lu, round %u\n", o->what, o->path,
               o->other[0] ? " and " : "", o->other, o->expected ? strerrorname_np(-o->expected) : "success",
               o->got ? strerrorname_np(-o->got) : "success", seed, number);
        show_decider(o->path);
        if (o->other[0])
                show_decider(o->other);
}

/* One operation of chance. */
static void operate(unsigned number)
{
        static struct operation o;
        unsigned pick = 0, k = 0;

        for (size_t i = 0; i < KINDS; i++)
                pick += kinds[i].weight;
        for (pick = below(pick); pick >= kinds[k].weight; k++)
                pick -= kinds[k].weight;
        o.what = kinds[k].what;
        o.other[0] = 0;
        walk(o.path);
        look(o.path, &o.st);
        if (kinds[k].two) {
                walk(o.other);
                look(o.other, &o.other_st);
        }
        if (!kinds[k].run(&o))
                return;
        compared[k]++;
        refused[k] += o.got != 0;
        gains += o.got == -EXDEV;
        if (o.got != o.expected && ++differences <= DIFFERENCES)
                show_difference(&o, number);
}

static unsigned long total(const unsigned long *counts)
{
        unsigned long n = 0;

        for (size_t i = 0; i < KINDS; i++)
                n += counts[i];
        return n;
}

static void enter_session(void)
{
        int fd = http_connect("/run/holdfast/api.sock");
        char *body, *id;

        NEED(asprintf(&body,
                      "{ \"policy\": { \"holdfast\": 1, \"name\": \"property\", \"capabilities\": { \"base\": { \"files\": [ " BASE
                      " ] } } }, "
                      "\"workspace\": \"%s\", \"agent\": \"property\" }",
                      root));
        http_send(fd, "POST", "/v1/sessions", body);
        if (http_answer(fd, page->answer, sizeof(page->answer)) / 100 != 2 || !(id = strstr(page->answer, "\"id\":\""))) {
                printf("broken POST /v1/sessions: %s\n", page->answer);
                exit(3);
        }
        sscanf(id + 6, "%63[^\"]", page->session);
        close(fd);
        free(body);
}

static void play_round(unsigned number)
{
        struct policy *policy = NULL;
        int before = differences;

        page->wanted = number;
        AWAIT(page->made == number);
        state = ~round_seed(number);
        if (read_policy(&policy)) {
                for (int i = 0; i < ROUND && differences < DIFFERENCES; i++)
                        operate(number);
                if (differences > before)
                        printf("round %u: bind mount of %s at %s; policy: %s\n", number, page->from, page->to, page->policy);
                model_clear(&model);
        }
        policy_free(policy);
}

static int agent(unsigned long seconds, unsigned long operations)
{
        const uint64_t until = now_ns() + seconds * 1000000000;
        unsigned number = 0;

        enter_session();
        while (differences < DIFFERENCES && (!seconds || now_ns() < until) && (!operations || total(compared) < operations))
                play_round(++number);
        for (size_t i = 0; i < KINDS; i++)
                printf("%s: %lu, %lu refused; ", kinds[i].what, compared[i], refused[i]);
        printf("\n%s %lu operations in %u rounds, %lu refused, %lu of them for a gain, seed %lu\n", !differences ? "alike" : "not alike",
               total(compared), number, total(refused), gains, seed);
        fflush(stdout);
        return differences != 0;
}

int main(int argc, char **argv)
{
        pid_t child;

        if (argc != 5)
                return 2;
        root = argv[1];
        seed = strtoul(argv[2], NULL, 10);
        umask(022);
        page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        NEED(page == MAP_FAILED ? -1 : 0);
        run("mkdir -p %s", root);
        child = (pid_t)NEED(fork());
        if (child == 0)
                exit(agent(strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10)));
        return partner(child);
}
