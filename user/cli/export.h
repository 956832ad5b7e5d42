/* SPDX-License-Identifier: Apache-2.0 */
/* Events as other programs' formats have them. Pure: an event in, a line out. */
#ifndef HOLDFAST_CLI_EXPORT_H
#define HOLDFAST_CLI_EXPORT_H

#include "base/buffer.h"

#include <cjson/cJSON.h>

/*
 * Appends the event as one line, newline included; host is the name of this machine. 0, -EINVAL where it is no event (no time or kind), or
 * -ENOMEM.
 *
 * CEF: ArcSight Common Event Format, version 0 (severity 0 to 10; text escaped as its guide says).
 */
int export_cef(struct buffer *out, const cJSON *event, const char *host);

/*
 * OCSF 1.3.0: file is a File System Activity (1001), exec a Process Activity (1007), connect a Network Activity (4001), dns a DNS Activity
 * (4003), all else a Base Event (0). The event as it is, with its hash, is in "unmapped".
 */
int export_ocsf(struct buffer *out, const cJSON *event, const char *host);

#endif
