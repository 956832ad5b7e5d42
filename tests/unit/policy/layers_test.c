/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the layers say, the result is what each of them compiled by itself allows, all together. */
#include "unit/policy/fake_ceilings.h"

static uint32_t random_state;

/* The same numbers in each run: xorshift32. */
static uint32_t pick(uint32_t n)
{
        random_state ^= random_state << 13;
        random_state ^= random_state >> 17;
        random_state ^= random_state << 5;
        return random_state % n;
}

static const char *const random_paths[] = {
        "/",     "/srv",           "/srv/ws",        "/srv/ws/keys", "/srv/ws/keys/public", "/srv/ws/keys/new/name", "/srv/ws/link",
        "/data", "/srv/ws/link/x", "/data/real/x/y", "/data/real",   "/etc/shadow",         "/srv/ws/new",           "/nowhere/at/all",
};
static const char *const random_rights[] = { "r", "w", "rw", "rwxc", "x", "rx" };
static const char *const random_prefixes[] = {
        "0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "::/0", "2001:db8::/32", "2001:db8::1"
};
static const char *const random_ports[] = { "1-65535", "1-100", "50-150", "100-100", "101-200", "443-443" };
static const char *const random_protos[] = { "", ",\"proto\":\"tcp\"", ",\"proto\":\"udp\"" };

/* A policy of a few file and network rules. */
static void random_policy(char *text, size_t size)
{
        size_t n = (size_t)snprintf(text, size, "{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{\"base\":{\"files\":[");

        for (uint32_t i = 0, rules = 1 + pick(6); i < rules; i++)
                n += (size_t)snprintf(text + n, size - n, "%s{\"path\":\"%s\",\"%s\":\"%s\"}", i ? "," : "",
                                      random_paths[pick(ARRAY_SIZE(random_paths))], pick(3) ? "allow" : "deny",
                                      random_rights[pick(ARRAY_SIZE(random_rights))]);
        n += (size_t)snprintf(text + n, size - n, "],\"egress\":[");
        for (uint32_t i = 0, rules = 1 + pick(4); i < rules; i++)
                n += (size_t)snprintf(text + n, size - n, "%s{\"cidr\":\"%s\",\"port\":\"%s\"%s}", i ? "," : "",
                                      random_prefixes[pick(ARRAY_SIZE(random_prefixes))], random_ports[pick(ARRAY_SIZE(random_ports))],
                                      random_protos[pick(ARRAY_SIZE(random_protos))]);
        snprintf(text + n, size - n, "]}}}");
}

static void compare_files(const struct clipped *all, const struct clipped alone[HF_LAYERS])
{
        static const char *const below[] = { "", "/x", "/keys", "/public/deep" };
        char path[128];

        for (size_t i = 0; i < ARRAY_SIZE(random_paths) * ARRAY_SIZE(below); i++) {
                uint32_t refused = 0;

                snprintf(path, sizeof(path), "%s%s", random_paths[i % ARRAY_SIZE(random_paths)], below[i / ARRAY_SIZE(random_paths)]);
                for (int layer = 0; layer < HF_LAYERS; layer++)
                        refused |= hf_refused(node_at(&alone[layer], path), ~0ULL, HF_RIGHTS_ALL);
                assert_int_equal(hf_refused(node_at(all, path), ~0ULL, HF_RIGHTS_ALL), refused);
        }
}

static void compare_ports(const struct clipped *all, const struct clipped alone[HF_LAYERS])
{
        static const char *const addresses[] = { "10.1.2.3", "10.1.2.4", "10.2.0.1", "192.0.2.1", "2001:db8::1", "2001:db8::2", "fe80::1" };
        static const uint16_t ports[] = { 1, 49, 50, 99, 100, 101, 150, 151, 200, 201, 443, 65535 };

        for (size_t i = 0; i < ARRAY_SIZE(addresses) * ARRAY_SIZE(ports) * 2; i++) {
                const char *address = addresses[i % ARRAY_SIZE(addresses)];
                const uint16_t port = ports[i / ARRAY_SIZE(addresses) % ARRAY_SIZE(ports)];
                const uint32_t proto = i < ARRAY_SIZE(addresses) * ARRAY_SIZE(ports) ? HF_TCP : HF_UDP;
                bool allowed = true;
                __u32 rule = 0;

                for (int layer = 0; layer < HF_LAYERS; layer++)
                        allowed &= opens(&alone[layer], address, proto, port);
                assert_int_equal(decide(all, address, proto, port, &rule) == HF_WHY_ALLOWED, allowed);
                /* A ceiling is named only for what the policy allows. */
                if (!allowed && opens(&alone[0], address, proto, port))
                        assert_true(hf_rule_layer(rule) > HF_LAYER_POLICY && hf_rule_layer(rule) < HF_LAYERS);
                else
                        assert_int_equal(hf_rule_layer(rule), HF_LAYER_POLICY);
        }
}

static void the_result_is_what_every_layer_by_itself_allows(void **state)
{
        (void)state;
        random_state = 20261125;
        for (int round = 0; round < 400; round++) {
                _cleanup_clipped_ struct clipped all = { 0 }, policy = { 0 }, user = { 0 }, host = { 0 };
                struct clipped alone[HF_LAYERS];
                char texts[HF_LAYERS][2048];

                for (int i = 0; i < HF_LAYERS; i++)
                        random_policy(texts[i], sizeof(texts[i]));
                compile_under(&all, texts[0], texts[1], texts[2]);
                compile_under(&policy, texts[0], NULL, NULL);
                compile_under(&user, texts[1], NULL, NULL);
                compile_under(&host, texts[2], NULL, NULL);
                alone[HF_LAYER_POLICY] = policy;
                alone[HF_LAYER_USER] = user;
                alone[HF_LAYER_HOST] = host;
                compare_files(&all, alone);
                compare_ports(&all, alone);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_result_is_what_every_layer_by_itself_allows),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
