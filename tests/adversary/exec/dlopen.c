/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads a library from a folder where nothing may be run.
 * event: exec map
 */
#include "lib/adversary.h"

#include <dlfcn.h>

static int attempt(void)
{
        void *library = dlopen(at("WS", "data/library"), RTLD_NOW);

        errno = ENOEXEC;
        NEED(library || strstr(dlerror(), "failed to map") ? 0 : -1);
        return library ? 0 : -EACCES;
}
