/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config_remote.h"

#include "base/cleanup.h"
#include "base/hostport.h"
#include "daemon/file.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/stat.h>

#define PEM_MAX (1u << 20)

static int keep_text(char **field, const char *value, struct error *e)
{
        char *copy = strdup(value);

        if (!copy)
                return error_set(e, -ENOMEM, "out of memory");
        free(*field);
        *field = copy;
        return 1;
}

static int set_groups(struct config_remote *c, const cJSON *roles, struct error *e)
{
        const cJSON *m;

        if (!cJSON_IsObject(roles))
                return error_set(e, -EINVAL, "$.roles: expected an object: {\"operator\": \"GROUP\"}");
        cJSON_ArrayForEach (m, roles) {
                const char *group = cJSON_GetStringValue(m);
                enum caller role = role_parse(m->string);
                int r;

                if (role == CALLER_NONE)
                        return error_set(e, -EINVAL, "$.roles.%s: unknown role; there are viewer, auditor, operator and admin", m->string);
                if (!group || !*group)
                        return error_set(e, -EINVAL, "$.roles.%s: expected the name of a group", m->string);
                r = keep_text(&c->groups[role], group, e);
                if (r < 0)
                        return r;
        }
        return 1;
}

int config_remote_member(struct config_remote *c, const cJSON *m, struct error *e)
{
        const char *value = cJSON_GetStringValue(m);
        struct sockaddr_storage address;
        socklen_t size;

        if (!strcmp(m->string, "roles"))
                return set_groups(c, m, e);
        if (!strcmp(m->string, "listen")) {
                if (!value || config_remote_address(value, &address, &size) < 0)
                        return error_set(e, -EINVAL, "$.listen: expected ADDRESS:PORT, such as \"127.0.0.1:8443\" or \"[::1]:8443\"");
                return keep_text(&c->listen, value, e);
        }
        if (strcmp(m->string, "tls_certificate") != 0 && strcmp(m->string, "tls_key") != 0)
                return 0;
        if (!value || *value != '/')
                return error_set(e, -EINVAL, "$.%s: expected an absolute path", m->string);
        return keep_text(!strcmp(m->string, "tls_key") ? &c->key : &c->certificate, value, e);
}

int config_remote_check(const struct config_remote *c, struct error *e)
{
        if (!c->listen && (c->certificate || c->key))
                return error_set(e, -EINVAL, "$.%s is of no use without $.listen", c->certificate ? "tls_certificate" : "tls_key");
        if (c->listen && (!c->certificate || !c->key))
                return error_set(e, -EINVAL, "$.listen needs $.%s: the API is not served over TCP without TLS",
                                 c->certificate ? "tls_key" : "tls_certificate");
        return 0;
}

void config_remote_clear(struct config_remote *c)
{
        free(c->listen);
        free(c->certificate);
        free(c->key);
        for (size_t i = 0; i < ARRAY_SIZE(c->groups); i++)
                free(c->groups[i]);
        memset(c, 0, sizeof(*c));
}

int config_remote_address(const char *listen, struct sockaddr_storage *ret, socklen_t *size)
{
        struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)ret;
        struct sockaddr_in *four = (struct sockaddr_in *)(void *)ret;
        struct hostport h;

        memset(ret, 0, sizeof(*ret));
        if (hostport_parse(listen, &h) < 0 || strchr(listen, '/'))
                return -EINVAL;
        if (*listen == '[') {
                six->sin6_family = AF_INET6;
                six->sin6_port = htons(h.port);
                *size = sizeof(*six);
                return inet_pton(AF_INET6, h.host, &six->sin6_addr) == 1 ? 0 : -EINVAL;
        }
        four->sin_family = AF_INET;
        four->sin_port = htons(h.port);
        *size = sizeof(*four);
        return inet_pton(AF_INET, h.host, &four->sin_addr) == 1 ? 0 : -EINVAL;
}

int config_remote_read(const char *member, const char *path, bool secret, char **ret, struct error *e)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        struct stat st;
        int r;

        if (fd < 0 || fstat(fd, &st) < 0)
                return error_set(e, -errno, "$.%s: cannot read %s: %s", member, path, strerror(errno));
        if (!S_ISREG(st.st_mode))
                return error_set(e, -EINVAL, "$.%s: %s is not a file", member, path);
        if (secret && (st.st_mode & (S_IRWXO | S_IWGRP)))
                return error_set(e, -EPERM, "$.%s: others than its owner and its group may read or write %s: chmod 600 %s", member, path,
                                 path);
        r = file_read_all(fd, PEM_MAX, ret, NULL);
        return r < 0 ? error_set(e, r, "$.%s: cannot read %s: %s", member, path, strerror(-r)) : 0;
}
