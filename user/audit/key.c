/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/key.h"

#include "base/buffer.h"

#include <fcntl.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX 65536 /* bytes of a file of keys */
#define KEYS_MAX 64
#define BEGIN "-----BEGIN PUBLIC KEY-----"

struct key {
        gnutls_privkey_t private;
        gnutls_pubkey_t public;
        char id[KEY_ID_LENGTH + 1];
};

struct public_key {
        gnutls_pubkey_t key;
        char id[KEY_ID_LENGTH + 1];
};

struct public_keys {
        struct public_key list[KEYS_MAX];
        size_t count;
};

static void datum_clear(gnutls_datum_t *d)
{
        gnutls_free(d->data);
        d->data = NULL;
}
#define _cleanup_datum_ __attribute__((cleanup(datum_clear)))

static void to_hex(const unsigned char *bytes, size_t n, char *hex)
{
        static const char digits[] = "0123456789abcdef";

        for (size_t i = 0; i < n; i++) {
                hex[2 * i] = digits[bytes[i] >> 4];
                hex[2 * i + 1] = digits[bytes[i] & 15];
        }
        hex[2 * n] = '\0';
}

static int digit(char c)
{
        return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool from_hex(const char *hex, unsigned char *bytes, size_t n)
{
        if (strlen(hex) != 2 * n)
                return false;
        for (size_t i = 0; i < n; i++) {
                int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);

                if (high < 0 || low < 0)
                        return false;
                bytes[i] = (unsigned char)(high << 4 | low);
        }
        return true;
}

static int id_of(gnutls_pubkey_t key, char id[KEY_ID_LENGTH + 1])
{
        unsigned char digest[KEY_ID_LENGTH / 2];
        size_t size = sizeof(digest);

        if (gnutls_pubkey_get_pk_algorithm(key, NULL) != GNUTLS_PK_EDDSA_ED25519 ||
            gnutls_pubkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, digest, &size) < 0 || size != sizeof(digest))
                return -EINVAL;
        to_hex(digest, size, id);
        return 0;
}

/* Reads a small file; -EPERM where its mode has one of these bits. */
static int file_load(const char *path, mode_t never, struct buffer *ret)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        struct stat st;
        ssize_t n;
        int r;

        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_MAX)
                return -EINVAL;
        if (st.st_mode & never)
                return -EPERM;
        r = buffer_reserve(ret, (size_t)st.st_size);
        if (r < 0)
                return r;
        n = read(fd, ret->data, (size_t)st.st_size);
        if (n < 0)
                return -errno;
        ret->data[n] = '\0';
        ret->length = (size_t)n;
        return 0;
}

/* Writes a file that is there whole or not at all. */
static int file_store(const char *path, mode_t mode, const void *bytes, size_t length)
{
        _cleanup_close_ int fd = -1;
        char temporary[PATH_MAX];

        if (snprintf(temporary, sizeof(temporary), "%s.new", path) >= (int)sizeof(temporary))
                return -ENAMETOOLONG;
        unlink(temporary); /* of a start that a crash cut short */
        fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
        if (fd < 0)
                return -errno;
        if (fchmod(fd, mode) == 0 && write(fd, bytes, length) == (ssize_t)length && fsync(fd) == 0 && rename(temporary, path) == 0)
                return 0;
        unlink(temporary);
        return errno ? -errno : -EIO;
}

static int key_make(const char *path, gnutls_x509_privkey_t key, struct error *e)
{
        _cleanup_datum_ gnutls_datum_t pem = { NULL, 0 };
        int r = gnutls_x509_privkey_generate(key, GNUTLS_PK_EDDSA_ED25519, 0, 0);

        if (r >= 0)
                r = gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &pem);
        if (r < 0)
                return error_set(e, -EIO, "cannot make a key: %s", gnutls_strerror(r));
        r = file_store(path, 0600, pem.data, pem.size);
        gnutls_memset(pem.data, 0, pem.size);
        return r < 0 ? error_set(e, r, "cannot write it: %s", strerror(-r)) : 0;
}

static int key_load(const char *path, gnutls_x509_privkey_t key, struct error *e)
{
        _cleanup_buffer_ struct buffer pem = BUFFER_INIT;
        gnutls_datum_t datum;
        int r = file_load(path, 077, &pem);

        if (r == -ENOENT)
                return key_make(path, key, e);
        if (r == -EPERM)
                return error_set(e, r, "others than its owner may use it: chmod 600 it, or move it away to have a new one made");
        if (r < 0)
                return error_set(e, r, "cannot read it: %s", strerror(-r));
        datum = (gnutls_datum_t){ (unsigned char *)pem.data, (unsigned)pem.length };
        r = gnutls_x509_privkey_import2(key, &datum, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN);
        gnutls_memset(pem.data, 0, pem.length);
        if (r < 0)
                return error_set(e, -EINVAL, "it is no private key as PEM (%s); move it away to have a new one made", gnutls_strerror(r));
        return 0;
}

/* The private key as GnuTLS signs with it, its public half, and its id. */
static int key_set_up(struct key *key, gnutls_x509_privkey_t x509, struct error *e)
{
        int r = gnutls_privkey_init(&key->private);

        if (r >= 0)
                r = gnutls_pubkey_init(&key->public);
        if (r >= 0)
                r = gnutls_privkey_import_x509(key->private, x509, GNUTLS_PRIVKEY_IMPORT_COPY);
        if (r >= 0)
                r = gnutls_pubkey_import_privkey(key->public, key->private, 0, 0);
        if (r < 0)
                return error_set(e, -EIO, "cannot use it: %s", gnutls_strerror(r));
        if (id_of(key->public, key->id) < 0)
                return error_set(e, -EINVAL, "it is no Ed25519 key; move it away to have a new one made");
        return 0;
}

int key_open(const char *path, struct key **ret, struct error *e)
{
        _cleanup_(key_freep) struct key *key = calloc(1, sizeof(*key));
        gnutls_x509_privkey_t x509;
        int r;

        if (!key || gnutls_x509_privkey_init(&x509) < 0)
                return error_set(e, -ENOMEM, "out of memory");
        r = key_load(path, x509, e);
        if (r == 0)
                r = key_set_up(key, x509, e);
        gnutls_x509_privkey_deinit(x509);
        if (r < 0) {
                error_prefix(e, "the key %s", path);
                return r;
        }
        *ret = TAKE_PTR(key);
        return 0;
}

void key_free(struct key *key)
{
        if (!key)
                return;
        if (key->private)
                gnutls_privkey_deinit(key->private);
        if (key->public)
                gnutls_pubkey_deinit(key->public);
        free(key);
}

const char *key_id(const struct key *key)
{
        return key->id;
}

int key_publish(const struct key *key, const char *path, struct error *e)
{
        _cleanup_datum_ gnutls_datum_t pem = { NULL, 0 };
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;
        int r;

        if (gnutls_pubkey_export2(key->public, GNUTLS_X509_FMT_PEM, &pem) < 0)
                return error_set(e, -ENOMEM, "out of memory");
        r = file_load(path, 0, &text);
        if (r < 0 && r != -ENOENT)
                return error_set(e, r, "the public keys %s: cannot read them: %s", path, strerror(-r));
        if (text.length && memmem(text.data, text.length, pem.data, pem.size))
                return 0;
        r = buffer_append(&text, pem.data, pem.size);
        if (r == 0)
                r = file_store(path, 0644, text.data, text.length);
        return r < 0 ? error_set(e, r, "the public keys %s: cannot write them: %s", path, strerror(-r)) : 0;
}

int key_sign(const struct key *key, const void *text, size_t length, char hex[KEY_SIGNATURE_LENGTH + 1])
{
        _cleanup_datum_ gnutls_datum_t signature = { NULL, 0 };
        const gnutls_datum_t data = { (unsigned char *)text, (unsigned)length };

        if (gnutls_privkey_sign_data2(key->private, GNUTLS_SIGN_EDDSA_ED25519, 0, &data, &signature) < 0 ||
            signature.size != KEY_SIGNATURE_LENGTH / 2)
                return -EIO;
        to_hex(signature.data, signature.size, hex);
        return 0;
}

static int add_key(struct public_keys *keys, const char *pem)
{
        const gnutls_datum_t datum = { (unsigned char *)pem, (unsigned)strlen(pem) };
        struct public_key *k = &keys->list[keys->count];

        if (keys->count == KEYS_MAX || gnutls_pubkey_init(&k->key) < 0)
                return -ENOMEM;
        keys->count++;
        return gnutls_pubkey_import(k->key, &datum, GNUTLS_X509_FMT_PEM) < 0 ? -EINVAL : id_of(k->key, k->id);
}

int public_keys_read(const char *path, struct public_keys **ret, struct error *e)
{
        _cleanup_(public_keys_freep) struct public_keys *keys = calloc(1, sizeof(*keys));
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;
        int r = file_load(path, 0, &text);

        if (r < 0)
                return error_set(e, r, "the public key %s: cannot read it: %s", path, strerror(-r));
        if (!keys)
                return error_set(e, -ENOMEM, "out of memory");
        for (const char *pem = text.length ? strstr(text.data, BEGIN) : NULL; pem && r == 0; pem = strstr(pem + 1, BEGIN))
                r = add_key(keys, pem);
        if (r < 0 || !keys->count)
                return error_set(e, -EINVAL, "the public key %s: expected an Ed25519 public key as PEM", path);
        *ret = TAKE_PTR(keys);
        return 0;
}

void public_keys_free(struct public_keys *keys)
{
        if (!keys)
                return;
        for (size_t i = 0; i < keys->count; i++)
                gnutls_pubkey_deinit(keys->list[i].key);
        free(keys);
}

static const struct public_key *find_key(const struct public_keys *keys, const char *id)
{
        for (size_t i = 0; i < keys->count; i++)
                if (!strcmp(keys->list[i].id, id))
                        return &keys->list[i];
        return NULL;
}

bool public_keys_have(const struct public_keys *keys, const char *id)
{
        return find_key(keys, id);
}

bool public_keys_verify(const struct public_keys *keys, const char *id, const void *text, size_t length, const char *hex)
{
        const gnutls_datum_t data = { (unsigned char *)text, (unsigned)length };
        const struct public_key *key = find_key(keys, id);
        unsigned char bytes[KEY_SIGNATURE_LENGTH / 2];
        const gnutls_datum_t signature = { bytes, sizeof(bytes) };

        return key && from_hex(hex, bytes, sizeof(bytes)) &&
               gnutls_pubkey_verify_data2(key->key, GNUTLS_SIGN_EDDSA_ED25519, 0, &data, &signature) >= 0;
}
