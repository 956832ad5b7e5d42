/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts a message into the queue of a program outside.
 * event: guard ipc
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

#include <sys/ipc.h>
#include <sys/msg.h>

static int attempt(void)
{
        return outcome(msgsnd(scene_number("QUEUE"), &(struct {
                                      long type;
                                      char text[1];
                              }){ 1, "x" },
                              1, IPC_NOWAIT));
}
