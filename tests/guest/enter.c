/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enter POLICY WORKSPACE COMMAND ARG...: what `holdfast run` does, for the hundreds of short sessions of the suites: it asks the
 * daemon to confine this process and becomes the command, without a library that takes longer to start than the test.
 */
#include "lib/http.h"

/* Text as a JSON string, with its quotes. */
static char *quote(const char *text)
{
        char *out = malloc(strlen(text) * 6 + 3), *p = out;

        *p++ = '"';
        for (; *text; text++) {
                if (*text == '"' || *text == '\\')
                        p += sprintf(p, "\\%c", *text);
                else if ((unsigned char)*text < 0x20)
                        p += sprintf(p, "\\u%04x", *text);
                else
                        *p++ = *text;
        }
        strcpy(p, "\"");
        return out;
}

static char *contents(const char *path)
{
        char *text = calloc(1, 1 << 20);
        int fd = NEED(open(path, O_RDONLY | O_CLOEXEC));

        NEED(read(fd, text, (1 << 20) - 1));
        close(fd);
        return text;
}

int main(int argc, char **argv)
{
        char *body, reply[4096];
        int fd, status;

        if (argc < 4)
                return 2;
        NEED(asprintf(&body, "{\"%s\":%s,\"workspace\":%s,\"agent\":\"suite\"}", strchr(argv[1], '/') ? "policy_text" : "policy",
                      quote(strchr(argv[1], '/') ? contents(argv[1]) : argv[1]), quote(argv[2])));
        fd = http_connect("/run/holdfast/api.sock");
        http_send(fd, "POST", "/v1/sessions", body);
        status = http_answer(fd, reply, sizeof(reply));
        close(fd);
        if (status / 100 != 2) {
                printf("broken POST /v1/sessions: %d %s\n", status, reply);
                return 3;
        }
        execvp(argv[3], argv + 3);
        printf("broken exec: %s\n", strerrorname_np(errno));
        return 127;
}
