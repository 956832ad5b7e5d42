/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/event_line.h"

#include "base/json.h"
#include "cli/output.h"

#include <string.h>

#define RED "\033[31m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

static void print_time(const cJSON *e)
{
        const char *time = json_get_string(e, "time");

        /* "2026-01-02T03:04:05.123456789Z": the time of day to the millisecond is enough for people. */
        if (time && strlen(time) >= 23)
                printf("%.12s ", time + 11);
}

static void print_verdict(const cJSON *e, bool colour)
{
        const char *verdict = json_get_string(e, "verdict"), *kind = json_get_string(e, "kind");
        const char *code = !verdict ? YELLOW : !strcmp(verdict, "deny") ? RED : GREEN;

        printf("%s%-5s%s %-7s ", colour ? code : "", verdict ? verdict : "", colour ? PLAIN : "", kind ? kind : "?");
}

/* A member with what stands around it, where it is there. */
static void print_extra(const cJSON *e, const char *before, const char *name, const char *after)
{
        const char *text = json_get_string(e, name);

        if (!text || !*text)
                return;
        fputs(before, stdout);
        output_safe(text);
        fputs(after, stdout);
}

/* What it was about: a path, an address, or what the daemon did. */
static void print_object(const cJSON *e)
{
        const char *path = json_get_string(e, "path"), *addr = json_get_string(e, "addr"), *proto = json_get_string(e, "proto"),
                   *host = json_get_string(e, "host");
        char number[32];

        if (path) {
                output_safe(path);
        } else if (host && !addr) {
                output_safe(host);
                printf(" %s", output_field(e, "type", number));
        } else if (addr) {
                print_extra(e, "", "host", " ");
                printf(strchr(addr, ':') ? "[%s]:%s" : "%s:%s", addr, output_field(e, "port", number));
                if (proto)
                        printf(" %s", proto);
                if (cJSON_GetObjectItemCaseSensitive(e, "sent")) {
                        printf(", sent %s,", output_field(e, "sent", number));
                        printf(" received %s", output_field(e, "received", number));
                }
        } else if (json_get_string(e, "what")) {
                printf("%s ", output_field(e, "found", number));
                output_safe(json_get_string(e, "what"));
        } else if (json_get_string(e, "limit")) {
                output_safe(json_get_string(e, "limit"));
        } else if (json_get_string(e, "policy")) {
                output_safe(json_get_string(e, "policy"));
        } else if (cJSON_GetObjectItemCaseSensitive(e, "detail")) {
                output_safe(output_field(e, "detail", number));
        } else if (json_get_string(e, "strength")) {
                printf("%s %s", json_get_string(e, "strength"), output_field(e, "scope", number));
        } else if (cJSON_GetObjectItemCaseSensitive(e, "count")) {
                printf("%s events", output_field(e, "count", number));
        }
}

void event_line(const cJSON *e, bool colour)
{
        const char *session = json_get_string(e, "session"), *op = json_get_string(e, "op"), *right = json_get_string(e, "right");
        const char *capability = json_get_string(e, "capability"), *layer = json_get_string(e, "layer");
        char number[32];

        if (!e)
                return;
        print_time(e);
        printf("%-8s ", session ? session : "-");
        print_verdict(e, colour);
        printf("%s%s%s ", op ? op : "", right && op && strcmp(right, op) != 0 ? " " : "",
               right && op && strcmp(right, op) != 0 ? right : "");
        print_object(e);
        if (cJSON_GetObjectItemCaseSensitive(e, "count") && cJSON_GetObjectItemCaseSensitive(e, "verdict"))
                printf("  %s times", output_field(e, "count", number));
        print_extra(e, "  ", "comm", "");
        printf("[%s]", output_field(e, "pid", number));
        if (layer && strcmp(layer, "policy") != 0)
                print_extra(e, "  ", "layer", "'s ceiling,");
        if (capability && strcmp(capability, "none") != 0)
                print_extra(e, "  capability ", "capability", ",");
        print_extra(e, "  ", "rule", "");
        print_extra(e, "  (", "reason", ")");
        print_extra(e, "  action: ", "action", "");
        print_extra(e, "  by ", "actor", "");
        print_extra(e, "  hint: ", "hint", "");
        putchar('\n');
}
