/* SPDX-License-Identifier: Apache-2.0 */
/* The formats, one a file: each adds to a draft what settings say, which are an object. */
#ifndef HOLDFAST_IMPORT_FORMATS_H
#define HOLDFAST_IMPORT_FORMATS_H

#include "import/domains.h"
#include "import/draft.h"
#include "import/paths.h"

void srt_import(struct draft *d, const cJSON *settings, struct where *w);
void claude_import(struct draft *d, const cJSON *settings, struct where *w);
void codex_import(struct draft *d, const cJSON *settings, struct where *w);

/* What srt and the sandbox of Claude Code, which is made of it, have in common: "filesystem" and "network" of an object. */
void srt_filesystem(struct draft *d, const cJSON *object, struct where *w, struct filelists *f, bool *git_config);
void srt_network(struct draft *d, const cJSON *object, struct where *w, struct domains *s);

#endif
