/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the configuration that is about who may use the API beyond root and the unix socket. */
#ifndef HOLDFAST_DAEMON_CONFIG_REMOTE_H
#define HOLDFAST_DAEMON_CONFIG_REMOTE_H

#include "base/error.h"
#include "daemon/roles.h"

#include <cjson/cJSON.h>
#include <sys/socket.h>

struct config_remote {
        char *listen, *certificate, *key; /* NULL: no TCP */
        char *groups[CALLERS];            /* of this host, by the role that they give; NULL: none */
};

/* 1: the member is one of these, and taken; 0: it is none; or -EINVAL, -ENOMEM. */
int config_remote_member(struct config_remote *c, const cJSON *m, struct error *e);

/* Whether all that belongs together is there. */
int config_remote_check(const struct config_remote *c, struct error *e);
void config_remote_clear(struct config_remote *c);

/* "127.0.0.1:8443" or "[::1]:8443" as an address; -EINVAL for anything else, as a name is. */
int config_remote_address(const char *listen, struct sockaddr_storage *ret, socklen_t *size);

/* Reads a file of the certificate, or the key, which others may not be able to read. The caller frees it. */
int config_remote_read(const char *member, const char *path, bool secret, char **ret, struct error *e);

#endif
