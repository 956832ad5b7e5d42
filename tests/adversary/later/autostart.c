/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a program that the desktop starts.
 * event: file create
 * policy: agent
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return put(open(at("HOME", ".config/autostart/mine.desktop"), O_WRONLY | O_CREAT, 0644));
}
