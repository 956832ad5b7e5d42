/* SPDX-License-Identifier: Apache-2.0 */
/* Large policies: every object is opened once, and the time grows with the number of rules, not with its square. */
#include "unit/policy/fake_fs.h"

#include <time.h>

/* A view in which every folder named d… and every file named f… exists. Counts in *context. */
static int open_generated(void *context, int folder, const char *name, struct fs_object *ret)
{
        int *opened = context;

        if (folder >= 0 && name[0] != 'd' && name[0] != 'f')
                return -ENOENT;
        *ret = (struct fs_object){ .fd = FAKE_FD + (*opened)++, .folder = folder < 0 || name[0] == 'd' };
        return 0;
}

/* A policy of n file rules in n / 100 folders, every second one about something that does not exist, and n / 10 egress rules. */
static char *generate(int n, size_t *ret_length)
{
        char *text = NULL;
        FILE *f = open_memstream(&text, ret_length);

        assert_non_null(f);
        fputs("{\"holdfast\":1,\"name\":\"large\",\"capabilities\":{\"base\":{\"files\":[", f);
        for (int i = 0; i < n; i++)
                fprintf(f, "%s{\"path\":\"/d0/d%d/d%d/%c%d\",\"%s\":\"rw\"}", i ? "," : "", i / 10000, i / 100, i % 2 ? 'f' : 'n', i,
                        i % 3 ? "allow" : "deny");
        fputs("],\"egress\":[", f);
        for (int i = 0; i < n / 10; i++)
                fprintf(f, "%s{\"cidr\":\"10.%d.%d.%d\",\"port\":%d}", i ? "," : "", i >> 16, i >> 8 & 255, i & 255, i & 1023);
        fputs("]}}}", f);
        fclose(f);
        return text;
}

static double seconds(clock_t since)
{
        return (double)(clock() - since) / CLOCKS_PER_SEC;
}

/* CPU seconds that parsing and compiling n rules took. */
static double measure(int n)
{
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        struct policy *policy = NULL;
        struct compiled *compiled = NULL;
        int opened = 0;
        size_t length;
        _cleanup_free_ char *text = generate(n, &length);
        clock_t start = clock();
        double parse, compile_time;

        assert_int_equal(policy_parse(text, length, &policy, &findings), 0);
        parse = seconds(start);
        start = clock();
        assert_int_equal(policy_compile(policy, &fake_vars, &(struct fs_view){ open_generated, &opened, NULL }, &compiled, &findings), 0);
        compile_time = seconds(start);
        assert_int_equal(policy->n_rules, n + n / 10);
        assert_int_equal(compiled->n_places, n + n / 100 + (n + 9999) / 10000 + 2);
        assert_int_equal(opened, n / 2 + n / 100 + (n + 9999) / 10000 + 2);
        print_message("%d rules: parsed in %.3f s, compiled in %.3f s\n", n, parse, compile_time);
        compiled_free(compiled);
        policy_free(policy);
        return parse + compile_time;
}

static void ten_times_the_rules_take_far_less_than_a_hundred_times_as_long(void **state)
{
        double small, large;

        (void)state;
        measure(5000); /* warms up */
        small = measure(5000);
        large = measure(50000);
        assert_true(large < 40 * small);
}

static void places_that_agree_in_a_long_prefix_are_told_apart(void **state)
{
        _cleanup_fixture_ struct fixture f = { 0 };
        static char text[2 * 1024];
        char name[251];

        (void)state;
        memset(name, 'a', 250);
        name[250] = '\0';
        snprintf(text, sizeof(text), FILES("{\"path\":\"/%s1\",\"allow\":\"r\"},{\"path\":\"/%s2\",\"allow\":\"w\"}"), name, name);
        assert_int_equal(compile(&f, NULL, NULL, text), 0);
        assert_int_equal(f.compiled->n_places, 3);
        assert_int_equal(f.compiled->places[1].node.allow[1], 0);
        assert_int_equal(f.compiled->places[2].node.allow[0], 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(ten_times_the_rules_take_far_less_than_a_hundred_times_as_long),
                cmocka_unit_test(places_that_agree_in_a_long_prefix_are_told_apart),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
