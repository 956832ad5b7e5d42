/* SPDX-License-Identifier: Apache-2.0 */
#include "api/internal.h"

#include "base/json.h"
#include "base/log.h"

#include <string.h>
#include <unistd.h>

#define REPLY_MAX (256u << 20)
#define TYPE_JSON "application/json"

void request_answer(struct http_request *r, int status, struct MHD_Response *response)
{
        if (r->response && r->again && response) {
                MHD_destroy_response(r->response);
                r->response = NULL;
                r->text = NULL;
        }
        if (r->response) {
                log_error("the API answered a request twice; the second answer, %d, was dropped", status);
                if (response)
                        MHD_destroy_response(response);
                return;
        }
        if (!response)
                return;
        MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
        r->response = response;
        r->status = (unsigned int)status;
}

enum MHD_Result request_send(struct http_request *r)
{
        enum MHD_Result result;

        if (!r->response)
                http_problem(r, 500, "internal", NULL, "The request was handled, but no answer was made, most likely for lack of memory.");
        if (!r->response)
                return MHD_NO;
        result = MHD_queue_response(r->connection, r->status, r->response);
        if (result == MHD_YES && r->status >= 100 && r->status < 100 * (HTTP_CLASSES + 1))
                r->server->answers[r->status / 100 - 1]++;
        MHD_destroy_response(r->response);
        r->response = NULL;
        r->text = NULL;
        return result;
}

void http_server_answers(const struct http_server *s, uint64_t ret[HTTP_CLASSES])
{
        memcpy(ret, s->answers, sizeof(s->answers));
}

void http_reply_header(struct http_request *r, const char *name, const char *value)
{
        if (r->response && MHD_add_response_header(r->response, name, value) != MHD_YES)
                log_warning("the API's answer goes without its header %s", name);
}

bool http_answer(const struct http_request *r, int *status, const char **text, size_t *length)
{
        if (!r->response || !r->text)
                return false;
        *status = (int)r->status;
        *text = r->text;
        *length = r->length;
        return true;
}

void http_reply_text(struct http_request *r, int status, const char *type, const char *text, size_t length)
{
        struct MHD_Response *response = MHD_create_response_from_buffer(length, (void *)text, MHD_RESPMEM_MUST_COPY);

        if (response)
                MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
        request_answer(r, status, response);
}

void http_reply_empty(struct http_request *r, int status)
{
        request_answer(r, status, MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT));
}

void http_reply_file(struct http_request *r, int status, int fd, size_t length)
{
        struct MHD_Response *response = MHD_create_response_from_fd(length, fd);

        if (response)
                MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, TYPE_JSON);
        else
                close(fd);
        request_answer(r, status, response);
}

void reply_json(struct http_request *r, int status, const char *type, cJSON *body)
{
        _cleanup_json_ cJSON *owned = body;
        struct buffer text = BUFFER_INIT;
        struct MHD_Response *response;

        /* Without a text there is no answer, and request_send() says so. */
        if (!owned || json_print(&text, owned, REPLY_MAX) < 0 || buffer_append(&text, "\n", 1) < 0) {
                buffer_clear(&text);
                return;
        }
        response = MHD_create_response_from_buffer(text.length, text.data, MHD_RESPMEM_MUST_FREE);
        if (!response) {
                buffer_clear(&text);
                return;
        }
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
        request_answer(r, status, response);
        if (r->response == response) {
                r->text = text.data;
                r->length = text.length;
        }
}

void http_reply(struct http_request *r, int status, cJSON *body)
{
        reply_json(r, status, TYPE_JSON, body);
}
