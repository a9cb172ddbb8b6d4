/* SPDX-License-Identifier: MIT */
/*
 * --explain: the chapter of the book that explains a word of the output.
 */
#ifndef TRACE_TOOL_EXPLAIN_H
#define TRACE_TOOL_EXPLAIN_H

/* With --explain, says where @word is explained, in a line of its own, the first time it is seen.
 */
void explain(const char *word);

#endif
