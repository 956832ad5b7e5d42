/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/way.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static char base[64];
static char visited[4096];

static int set_up(void **state)
{
        (void)state;
        strcpy(base, "/tmp/holdfast-way-XXXXXX");
        return mkdtemp(base) ? chdir(base) : -1;
}

static int tear_down(void **state)
{
        char command[128];

        (void)state;
        snprintf(command, sizeof(command), "rm -rf %s", base);
        return system(command);
}

static void makes(const char *path)
{
        int fd = open(path, O_CREAT | O_WRONLY, 0755);

        assert_true(fd >= 0);
        close(fd);
}

static void note(void *context, int folder, const char *name)
{
        (void)context;
        (void)folder;
        strcat(strcat(visited, "/"), name);
}

static int follows(const char *path, struct way *w)
{
        char full[256];

        *visited = '\0';
        snprintf(full, sizeof(full), "%s/%s", base, path);
        return way_follow(full, note, NULL, w);
}

/* As npm has it: the name in bin/ is a link into the package. */
static void a_link_leads_to_the_program_and_all_on_the_way_is_visited(void **state)
{
        struct way w;
        struct stat st;

        (void)state;
        mkdir("bin", 0755);
        mkdir("lib", 0755);
        mkdir("lib/agent", 0755);
        makes("lib/agent/cli.js");
        assert_int_equal(symlink("../lib/agent/cli.js", "bin/agent"), 0);
        assert_int_equal(follows("bin/agent", &w), 0);
        assert_true(w.fd >= 0);
        assert_int_equal(stat("lib/agent/cli.js", &st), 0);
        assert_int_equal(w.inode, st.st_ino);
        assert_string_equal(w.name[0], "cli.js");
        assert_string_equal(w.name[1], "agent");
        assert_string_equal(w.name[2], "lib");
        assert_int_equal(w.levels, HF_EXECUTABLE_LEVELS);
        assert_int_equal(fstat(w.above[1], &st), 0);
        assert_non_null(strstr(visited, "/bin/agent"));
        assert_non_null(strstr(visited, "/lib/agent/cli.js"));
        way_clear(&w);
}

static void what_is_not_there_yet_has_its_place(void **state)
{
        struct stat st, folder;
        struct way w;

        (void)state;
        mkdir("opt", 0755);
        assert_int_equal(follows("opt/agent/bin/agent", &w), 0);
        assert_int_equal(w.fd, -1);
        assert_string_equal(w.name[0], "agent");
        assert_string_equal(w.name[1], "bin");
        assert_string_equal(w.name[2], "agent");
        assert_string_equal(w.name[3], "opt");
        assert_int_equal(w.above[0], -1);
        assert_int_equal(w.above[1], -1);
        assert_int_equal(stat("opt", &st), 0);
        assert_int_equal(fstat(w.above[2], &folder), 0);
        assert_int_equal(folder.st_ino, st.st_ino);
        way_clear(&w);
}

static void links_that_lead_round_are_an_error_and_folders_are_no_program(void **state)
{
        struct way w;

        (void)state;
        assert_int_equal(symlink("round", "round"), 0);
        assert_int_equal(follows("round", &w), -ELOOP);
        way_clear(&w);
        assert_int_equal(mkdir("folder", 0755), 0);
        assert_int_equal(follows("folder", &w), 0);
        assert_int_equal(w.fd, -1);
        way_clear(&w);
}

static void who_may_change_where_it_leads_is_told(void **state)
{
        struct way w;

        (void)state;
        mkdir("all", 0755);
        makes("all/agent");
        assert_int_equal(follows("all/agent", &w), 0);
        assert_int_equal(w.owner, geteuid() ? geteuid() : (uid_t)-1);
        assert_false(w.open);
        way_clear(&w);
        assert_int_equal(chmod("all", 0777), 0);
        assert_int_equal(follows("all/agent", &w), 0);
        assert_true(w.open);
        way_clear(&w);
        if (geteuid() == 0) {
                assert_int_equal(chmod("all", 0755), 0);
                assert_int_equal(chown("all", 1234, 1234), 0);
                assert_int_equal(follows("all/agent", &w), 0);
                assert_int_equal(w.owner, 1234);
                way_clear(&w);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(a_link_leads_to_the_program_and_all_on_the_way_is_visited, set_up, tear_down),
                cmocka_unit_test_setup_teardown(what_is_not_there_yet_has_its_place, set_up, tear_down),
                cmocka_unit_test_setup_teardown(links_that_lead_round_are_an_error_and_folders_are_no_program, set_up, tear_down),
                cmocka_unit_test_setup_teardown(who_may_change_where_it_leads_is_told, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
