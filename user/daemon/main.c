/* SPDX-License-Identifier: Apache-2.0 */
/* holdfastd: the daemon, or one of its checks. */
#include "base/cleanup.h"
#include "base/log.h"
#include "base/paths.h"
#include "daemon/check.h"
#include "daemon/daemon.h"
#include "daemon/detach.h"
#include "daemon/explain.h"
#include "daemon/tell.h"
#include "daemon/workspace_job.h"
#include "resolver/protocol.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

static const char usage[] =
        "Usage: holdfastd [--config FILE] [--debug]    run in the foreground, until SIGTERM\n"
        "       holdfastd --check [--json]             tell whether this host can enforce\n"
        "       holdfastd --check-policy FILE [--json] tell whether a file is a policy\n"
        "       holdfastd --explain POLICY [--workspace DIR] (RIGHT PATH | connect HOST:PORT | -)\n"
        "       holdfastd --whole POLICY               print a policy with all that it extends\n"
        "       holdfastd --detach                     end enforcement, where no daemon runs and no session is in force\n"
        "\n"
        "  --config FILE        configuration; by default " PATH_CONFIG ", which need not be there\n"
        "  --check              print what the host needs and has; exit 1 when something is missing\n"
        "  --check-policy FILE  print every error in a policy; exit 1 when there is one\n"
        "  --explain POLICY     print as JSON whether a policy (a file, or a name) would allow it, and why; needs no root;\n"
        "                       -: for each question on standard input, with a NUL at its end\n"
        "  --whole POLICY       print a policy (a file, or a name) as one that extends nothing\n"
        "  --workspace DIR      with --explain: what ${WORKSPACE} stands for; by default the current folder\n"
        "  --detach             take the programs out of the kernel, as before the first start; exit 1 when a session is in force\n"
        "  --json               print it as JSON\n"
        "  --debug              log what the kernel's verifier says, and more\n"
        "  --version            print the version\n"
        "  --help               print this\n"
        "\n"
        "When it ends, what it confined stays confined. See holdfastd(8).\n";

struct options {
        const char *config, *policy, *whole, *explain, *workspace, *right, *object;
        bool check, detach, json, debug, version, help;
};

static int parse(int argc, char **argv, struct options *o)
{
        static const struct option options[] = {
                { "config", required_argument, NULL, 'c' },
                { "check", no_argument, NULL, 'k' },
                { "check-policy", required_argument, NULL, 'p' },
                { "explain", required_argument, NULL, 'e' },
                { "whole", required_argument, NULL, 'W' },
                { "detach", no_argument, NULL, 'D' },
                { "workspace", required_argument, NULL, 'w' },
                { "json", no_argument, NULL, 'j' },
                { "debug", no_argument, NULL, 'd' },
                { "version", no_argument, NULL, 'V' },
                { "help", no_argument, NULL, 'h' },
                { NULL, 0, NULL, 0 },
        };
        int c;

        while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
                switch (c) {
                case 'c':
                        o->config = optarg;
                        break;
                case 'k':
                        o->check = true;
                        break;
                case 'p':
                        o->policy = optarg;
                        break;
                case 'e':
                        o->explain = optarg;
                        break;
                case 'W':
                        o->whole = optarg;
                        break;
                case 'D':
                        o->detach = true;
                        break;
                case 'w':
                        o->workspace = optarg;
                        break;
                case 'j':
                        o->json = true;
                        break;
                case 'd':
                        o->debug = true;
                        break;
                case 'V':
                        o->version = true;
                        break;
                case 'h':
                        o->help = true;
                        break;
                default:
                        return -EINVAL;
                }
        }
        if (o->explain && argc - optind == 2) {
                o->right = argv[optind++];
                o->object = argv[optind++];
        } else if (o->explain && argc - optind == 1 && !strcmp(argv[optind], "-")) {
                o->object = argv[optind++];
        }
        if (o->explain && !o->object && !o->help && !o->version) {
                fputs("holdfastd: --explain needs RIGHT and PATH, or connect and HOST:PORT\n", stderr);
                return -EINVAL;
        }
        if (optind < argc) {
                fprintf(stderr, "holdfastd: \"%s\" was not expected\n", argv[optind]);
                return -EINVAL;
        }
        return 0;
}

static int serve(const struct options *o)
{
        _cleanup_error_ struct error e = ERROR_INIT;
        struct daemon *d = calloc(1, sizeof(*d)); /* too big for a stack */
        int r;

        if (!d)
                return 1;
        *d = (struct daemon)DAEMON_INIT;
        r = daemon_start(d, o->config, o->debug, &e);
        if (r < 0)
                log_error("%s", error_text(&e));
        else
                r = daemon_run(d);
        daemon_stop(d);
        free(d);
        return r < 0;
}

int main(int argc, char **argv)
{
        struct options o = { 0 };

        if (strcmp(argv[0], KEEPER_NAME) == 0) {
                prctl(PR_SET_DUMPABLE, 0);
                keeper_serve();
                return 0;
        }
        if (strcmp(argv[0], RESOLVER_NAME) == 0)
                return resolver_serve();
        if (strcmp(argv[0], WORKSPACE_JOB_NAME) == 0)
                return workspace_job();
        if (strcmp(argv[0], TELL_NAME) == 0 && argc == 2) {
                execv(argv[1], argv + 1);
                return 127;
        }
        log_setup("holdfastd", LOG_LEVEL_INFO);
        if (parse(argc, argv, &o) < 0) {
                fputs("Try holdfastd --help\n", stderr);
                return 2;
        }
        if (o.help)
                return fputs(usage, stdout) < 0;
        if (o.version)
                return puts("holdfastd " HOLDFAST_VERSION) < 0;
        if (o.check)
                return check_host(o.json);
        if (o.policy)
                return check_policy(o.policy, o.json);
        if (o.whole)
                return whole_policy(o.whole);
        if (o.explain)
                return explain_policy(o.explain, o.workspace, o.right, o.object);
        if (geteuid() != 0) {
                log_error("holdfastd must run as root: it loads programs into the kernel");
                return 1;
        }
        if (o.detach)
                return detach_host();
        prctl(PR_SET_DUMPABLE, 0); /* no core file has what it holds, whoever it last opened files as */
        return check_host_quietly() ? 1 : serve(&o);
}
