/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes a message from the queue of a program outside.
 * event: guard ipc
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

#include <sys/ipc.h>
#include <sys/msg.h>

static int attempt(void)
{
        return outcome(msgrcv(scene_number("QUEUE"), &(struct {
                                      long type;
                                      char text[64];
                              }){ 0 },
                              64, 0, IPC_NOWAIT | MSG_NOERROR));
}
