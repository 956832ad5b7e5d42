/* SPDX-License-Identifier: Apache-2.0 */
/* The words for the numbers: one table for each enum that is shown or read. Unknown numbers are "unknown", unknown words -EINVAL. */
#ifndef HOLDFAST_DAEMON_NAMES_H
#define HOLDFAST_DAEMON_NAMES_H

#include "holdfast/abi.h"

#include <stdint.h>

/* How a session came to be; ATTACH_EXEC: by a rule of the host, with the program that its process executes. */
enum attach_kind { ATTACH_RUN, ATTACH_PID, ATTACH_CGROUP, ATTACH_EXEC };

const char *kind_name(unsigned kind);          /* enum hf_kind: "file" */
const char *op_name(unsigned op);              /* enum hf_op: "open" */
const char *hello_fault_name(unsigned fault);  /* enum hf_hello_fault: "no_name" */
const char *why_name(unsigned why);            /* enum hf_why: "no_rule", for programs */
const char *why_text(unsigned why);            /* enum hf_why: a sentence's part for people */
const char *why_rule(unsigned why);            /* what stands for the rule where none decided: "default deny" */
const char *proto_name(unsigned proto);        /* enum hf_proto: "tcp" */
const char *linux_capability_name(unsigned n); /* CAP_…: "sys_admin" */
const char *attach_name(unsigned attach);      /* "run" */
int attach_parse(const char *text);            /* enum attach_kind */

const char *strength_name(uint32_t bit); /* one of HF_KILL_KILL, HF_KILL_DENY, HF_KILL_PAUSE: "kill" */
int strength_parse(const char *text, uint32_t *ret);

/* The state of a session whose kill word, joined with the host's, is this: running, paused, denied or killed. */
const char *kill_state(uint32_t bits);

#endif
