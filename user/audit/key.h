/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key that signs checkpoints, Ed25519 (RFC 8032), and public keys that check them. Both are kept as PEM. A key's id is the
 * SHA-256 of its public half (SubjectPublicKeyInfo, RFC 5280), in hex.
 */
#ifndef HOLDFAST_AUDIT_KEY_H
#define HOLDFAST_AUDIT_KEY_H

#include "base/cleanup.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define KEY_ID_LENGTH 64
#define KEY_SIGNATURE_LENGTH 128 /* hex digits */

struct key;
struct public_keys;

/* Reads the key, which only its owner may read, or makes it where there is none (mode 0600). -EPERM where others may. */
int key_open(const char *path, struct key **ret, struct error *e);
void key_free(struct key *key);
const char *key_id(const struct key *key);

/* Sees that the file of public keys holds this one's: made where missing (mode 0644), else added at its end. */
int key_publish(const struct key *key, const char *path, struct error *e);

/* Signs; 0 or negative errno. */
int key_sign(const struct key *key, const void *text, size_t length, char hex[KEY_SIGNATURE_LENGTH + 1]);

/* Reads a file of one or more public keys. -ENOENT where there is no file, -EINVAL where it is no such file. */
int public_keys_read(const char *path, struct public_keys **ret, struct error *e);
void public_keys_free(struct public_keys *keys);

/* Whether one of them has this id, and whether it made the signature. */
bool public_keys_have(const struct public_keys *keys, const char *id);
bool public_keys_verify(const struct public_keys *keys, const char *id, const void *text, size_t length, const char *hex);

DEFINE_CLEANUP(struct key *, key_free)
DEFINE_CLEANUP(struct public_keys *, public_keys_free)

#endif
