/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of explain, and refusals of the stream, for people. Pure, but for the printing. */
#ifndef HOLDFAST_CLI_EXPLANATION_H
#define HOLDFAST_CLI_EXPLANATION_H

#include <cjson/cJSON.h>
#include <stdio.h>

/* The answer to explain, with its advice. */
void explanation_print(FILE *to, const cJSON *answer);

/* A refused event, with its advice. */
void refusal_print(FILE *to, const cJSON *event);

#endif
