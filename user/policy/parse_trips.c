/* SPDX-License-Identifier: Apache-2.0 */
/* The trips of a policy. */
#include "policy/parse.h"

#include "policy/values.h"

#include <string.h>

#define COUNT_MAX 1000000000u
#define PRESSURE_WITHIN_LEAST 10 /* s: the kernel brings the figures up to date every two */

static const char *const names[TRIPS] = { "denials", "names", "lost",         "bytes-out",  "cpu-pressure", "memory-pressure",
                                          "wall",    "idle",  "memory-limit", "pids-limit", "disk-limit" };

#define ON_EXPECTED \
        "\"denials\", \"names\", \"lost\", \"bytes-out\", \"cpu-pressure\", \"memory-pressure\", \"wall\", \"idle\", \"memory-limit\", " \
        "\"pids-limit\" or \"disk-limit\""
#define DO_EXPECTED "\"pause\", \"deny\" or \"kill\""

const char *trip_name(enum trip_on on)
{
        return names[on];
}

/* What is read of one, before it is known what it measures. */
struct reading {
        struct trip trip;
        bool known; /* trip.on is */
        const cJSON *over, *within;
};

static void read_on(struct reader *r, const cJSON *value, void *target)
{
        struct reading *t = target;
        const char *text = reader_string(r, value, ON_EXPECTED);

        if (text && !strcmp(text, "tool-calls")) {
                reader_say(r,
                           "found \"tool-calls\", which this version cannot count, and a policy is not applied in part: remove the trip");
                return;
        }
        for (int i = 0; text && i < TRIPS && !t->known; i++) {
                t->known = !strcmp(names[i], text);
                t->trip.on = (enum trip_on)i;
        }
        if (text && !t->known)
                reader_wrong(r, value, ON_EXPECTED);
}

static void read_over(struct reader *r, const cJSON *value, void *target)
{
        (void)r;
        ((struct reading *)target)->over = value;
}

static void read_within(struct reader *r, const cJSON *value, void *target)
{
        struct reading *t = target;

        t->within = value;
        parse_duration(r, value, &t->trip.within);
}

static void read_do(struct reader *r, const cJSON *value, void *target)
{
        struct trip *t = &((struct reading *)target)->trip;

        if (cJSON_IsString(value) && !strcmp(value->valuestring, "pause"))
                t->strength = HF_KILL_PAUSE;
        else if (cJSON_IsString(value) && !strcmp(value->valuestring, "deny"))
                t->strength = HF_KILL_DENY;
        else if (cJSON_IsString(value) && !strcmp(value->valuestring, "kill"))
                t->strength = HF_KILL_KILL;
        else
                reader_wrong(r, value, DO_EXPECTED);
}

static const struct field trip_fields[] = {
        { "on", "what is measured: " ON_EXPECTED, read_on, NULL, true },
        { "over", "what it may be at most", read_over, NULL, true },
        { "within", NULL, read_within, NULL, false },
        { "do", DO_EXPECTED, read_do, NULL, true },
        { NULL, NULL, NULL, NULL, false },
};

static void read_percent(struct reader *r, const cJSON *value, uint64_t *ret)
{
        const char *text = reader_string(r, value, "a share of the time in quotes such as \"80%\"");
        _cleanup_error_ struct error e = ERROR_INIT;
        uint32_t percent = 0;

        if (!text)
                return;
        if (percent_parse(text, &percent, &e) < 0)
                reader_error(r, &e);
        else if (percent >= 100)
                reader_wrong(r, value, "less than \"100%\" of the time");
        *ret = percent;
}

/* How much is too much, in the notation of what is measured. */
static void read_most(struct reader *r, struct reading *t)
{
        const size_t before = where_key(&r->where, "over");
        uint32_t count = 0;

        switch (t->trip.on) {
        case TRIP_DENIALS:
        case TRIP_LOST:
        case TRIP_NAMES:
        case TRIP_MEMORY_LIMIT:
        case TRIP_PIDS_LIMIT:
        case TRIP_DISK_LIMIT:
                reader_number(r, t->over, 0, t->trip.on == TRIP_NAMES ? TRIP_NAMES_MAX : COUNT_MAX, &count);
                t->trip.over = count;
                break;
        case TRIP_BYTES_OUT:
                parse_size(r, t->over, &t->trip.over);
                break;
        case TRIP_CPU:
        case TRIP_MEMORY:
                read_percent(r, t->over, &t->trip.over);
                break;
        case TRIP_WALL:
        case TRIP_IDLE:
        case TRIPS:
                parse_duration(r, t->over, &t->trip.over);
                break;
        }
        where_pop(&r->where, before);
}

static void check_within(struct reader *r, const struct reading *t)
{
        const bool time = t->trip.on == TRIP_WALL || t->trip.on == TRIP_IDLE,
                   pressure = t->trip.on == TRIP_CPU || t->trip.on == TRIP_MEMORY;

        if (time && t->within)
                reader_say(r, "found \"within\" with \"on\": \"%s\", expected \"over\" alone, which is the time", names[t->trip.on]);
        else if (!time && !t->within)
                reader_say(r, "found no field \"within\", expected the time in which that counts, such as \"1m\"");
        else if (pressure && t->trip.within && t->trip.within < PRESSURE_WITHIN_LEAST)
                reader_say(r, "found \"within\" of less than %ds, expected more for \"%s\"", PRESSURE_WITHIN_LEAST, names[t->trip.on]);
}

static void read_trip(struct reader *r, const cJSON *value, void *target)
{
        struct policy *p = target;
        struct reading t = { .known = false };

        reader_object(r, value, trip_fields, &t);
        if (!t.known)
                return;
        check_within(r, &t);
        if (t.over)
                read_most(r, &t);
        if (p->n_trips < POLICY_TRIPS_MAX)
                p->trips[p->n_trips++] = t.trip;
}

void parse_trips(struct reader *r, const cJSON *value, void *target)
{
        if (cJSON_IsArray(value) && cJSON_GetArraySize(value) > POLICY_TRIPS_MAX)
                reader_say(r, "found %d trips, expected at most %d", cJSON_GetArraySize(value), POLICY_TRIPS_MAX);
        else
                reader_array(r, value, read_trip, target);
}
