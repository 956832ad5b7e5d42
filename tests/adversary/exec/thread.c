/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a program outside from another thread than the first.
 * event: exec exec
 */
#include "lib/adversary-exec.h"

#include <pthread.h>

static void *thread(void *result)
{
        *(int *)result = run(at("OUT", "program"), -1);
        return NULL;
}

static int attempt(void)
{
        pthread_t t;
        int result = 0;

        NEED(-pthread_create(&t, NULL, thread, &result));
        pthread_join(t, NULL);
        return result;
}
