/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/drill.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/time.h"
#include "cli/client.h"
#include "cli/command.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#define PAUSE_NS 2000000
#define CAPABILITY "canary"   /* of the policy "drill" */
#define FIRST_UID 0x70000000u /* from here on no distribution gives any away */

bool drill_waits(const struct drill *d, uint64_t until)
{
        const struct timespec time = { 0, PAUSE_NS };

        if (*d->stop || time_now(CLOCK_BOOTTIME) > until)
                return false;
        nanosleep(&time, NULL);
        return true;
}

void drill_wrong(struct drill *d, const char *format, ...)
{
        char text[768];
        va_list list;

        va_start(list, format);
        vsnprintf(text, sizeof(text), format, list);
        va_end(list);
        cJSON_AddItemToArray(d->wrong, json_bytes(text, strlen(text)));
}

bool drill_good(const struct drill *d)
{
        return !cJSON_GetArraySize(d->wrong);
}

/* ---- before ------------------------------------------------------------------------------------------------------------------ */

static void add_host(cJSON *report)
{
        struct utsname host;
        char time[TIME_TEXT_SIZE];

        if (uname(&host) == 0) {
                json_add_text(report, "host", host.nodename);
                json_add_text(report, "kernel", host.release);
        }
        cJSON_AddStringToObject(report, "started", time_format(time_now(CLOCK_REALTIME), time));
}

/* A number that is no user's. */
static uid_t unused_uid(uint32_t random)
{
        for (uid_t uid = FIRST_UID + (random & 0xffffff); uid < FIRST_UID + 0x2000000; uid++)
                if (!getpwuid(uid))
                        return uid;
        return 0;
}

static bool name_all(struct drill *d)
{
        static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
        static const char *const names[DRILL_CANARIES] = { "old", "new", "other", "user" };
        unsigned char random[12];
        uint32_t number;

        if (getrandom(random, sizeof(random), 0) != sizeof(random))
                return false;
        for (size_t i = 0; i < sizeof(d->id) - 1; i++)
                d->id[i] = alphabet[random[i] & 31];
        snprintf(d->name, sizeof(d->name), "holdfast-drill-%s", d->id);
        snprintf(d->reason, sizeof(d->reason), "drill %s: this is a test", d->id);
        snprintf(d->names[DRILL_OLD], sizeof(d->names[0]), "%s@1", d->name);
        snprintf(d->names[DRILL_NEW], sizeof(d->names[0]), "%s@2", d->name);
        snprintf(d->names[DRILL_OTHER], sizeof(d->names[0]), "%s-other", d->name);
        snprintf(d->names[DRILL_USER], sizeof(d->names[0]), "%s-user", d->name);
        for (size_t i = 0; i < DRILL_CANARIES; i++)
                d->canaries[i] = (struct canary){ .name = names[i], .agent = d->names[i] };
        memcpy(&number, random + 8, sizeof(number));
        d->canaries[DRILL_USER].uid = geteuid() == 0 ? unused_uid(number) : 0;
        snprintf(d->user, sizeof(d->user), "%u", d->canaries[DRILL_USER].uid);
        return true;
}

static bool make_folder(struct drill *d)
{
        char path[PATH_MAX];

        snprintf(path, sizeof(path), "%s/%s", d->within ? d->within : "/tmp", d->name);
        if (mkdir(path, 0711) < 0 || chmod(path, 0711) < 0) {
                drill_wrong(d, "the folder %s cannot be made: %s", path, strerror(errno));
                return false;
        }
        if (!realpath(path, d->folder))
                snprintf(d->folder, sizeof(d->folder), "%s", path);
        return true;
}

/* The policy with its capability under another name, which no other session's has. */
static cJSON *policy_named(const cJSON *policy, const char *name)
{
        cJSON *copy = cJSON_Duplicate(policy, true);
        cJSON *all = cJSON_GetObjectItemCaseSensitive(copy, "capabilities");
        cJSON *capability = cJSON_DetachItemFromObjectCaseSensitive(all, CAPABILITY);

        if (capability && cJSON_AddItemToObject(all, name, capability))
                return copy;
        cJSON_Delete(copy);
        return NULL;
}

static bool read_policy(struct drill *d)
{
        _cleanup_reply_ struct client_reply reply = { .quiet = true };
        char other[64];

        if (client_ask(d->socket, "GET", "/v1/policies/drill", NULL, &reply) != STATUS_DONE) {
                drill_wrong(d, "the policy \"drill\" cannot be read: %s", client_problem(&reply));
                return false;
        }
        snprintf(other, sizeof(other), "%s-other", d->name);
        d->struck_policy = policy_named(reply.json, d->name);
        d->other_policy = policy_named(reply.json, other);
        if (!d->struck_policy || !d->other_policy) {
                drill_wrong(d, "the policy \"drill\" has no capability \"" CAPABILITY "\"");
                return false;
        }
        for (size_t i = 0; i < DRILL_CANARIES; i++)
                d->canaries[i].policy = i == DRILL_OLD || i == DRILL_NEW ? d->struck_policy : d->other_policy;
        return true;
}

/* ---- the whole --------------------------------------------------------------------------------------------------------------- */

static void clean_up(struct drill *d)
{
        if (*d->standing)
                drill_lift(d);
        for (size_t i = 0; i < DRILL_CANARIES; i++)
                canary_end(&d->canaries[i]);
        if (*d->folder)
                rmdir(d->folder);
}

static void complete(struct drill *d)
{
        char time[TIME_TEXT_SIZE];

        if (*d->stop)
                drill_wrong(d, "it was interrupted by signal %d", *d->stop);
        cJSON_AddStringToObject(d->report, "ended", time_format(time_now(CLOCK_REALTIME), time));
        cJSON_AddBoolToObject(d->report, "passed", drill_good(d));
}

void drill_run(struct drill *d)
{
        bool named = name_all(d);

        d->report = cJSON_CreateObject();
        d->kills = cJSON_CreateArray();
        cJSON_AddNumberToObject(d->report, "holdfast_drill", 1);
        cJSON_AddStringToObject(d->report, "id", d->id);
        add_host(d->report);
        d->steps = cJSON_AddArrayToObject(d->report, "steps");
        d->undrilled = cJSON_AddArrayToObject(d->report, "not_drilled");
        d->wrong = cJSON_AddArrayToObject(d->report, "wrong");
        if (!named || !drill_others_before(d))
                drill_wrong(d, "it could not begin: %s", named ? "holdfastd does not answer, or not to you" : "no random numbers");
        else if (make_folder(d) && read_policy(d))
                drill_steps(d);
        clean_up(d);
        if (d->before)
                drill_others_after(d);
        complete(d);
}

void drill_free(struct drill *d)
{
        for (size_t i = 0; i < DRILL_CANARIES; i++)
                canary_free(&d->canaries[i]);
        cJSON_Delete(d->struck_policy);
        cJSON_Delete(d->other_policy);
        cJSON_Delete(d->before);
        cJSON_Delete(d->kills);
        cJSON_Delete(d->report);
}
