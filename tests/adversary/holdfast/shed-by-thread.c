/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sheds its confinement by becoming another thread.
 * event: file open
 * policy: narrow
 */
#include "lib/adversary.h"

#include <pthread.h>

static void *thread(void *result)
{
        *(int *)result = put(open(at("OUT", "file"), O_WRONLY | O_APPEND));
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
