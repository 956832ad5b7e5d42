/* SPDX-License-Identifier: Apache-2.0 */
/* /v1/openapi.json: the description of the API, docs/openapi.json as it was when this was built. */
#include "daemon/access.h"
#include "daemon/openapi.h"
#include "daemon/routes.h"

__asm__(".pushsection .rodata\n"
        ".globl openapi_text, openapi_text_end\n"
        "openapi_text: .incbin \"docs/openapi.json\"\n"
        "openapi_text_end: .byte 0\n"
        ".popsection\n");

void route_openapi(struct http_request *r, void *context)
{
        struct peer peer;

        if (access_peer(context, r, &peer) == 0)
                http_reply_text(r, 200, "application/json", openapi_text, openapi_length());
}
