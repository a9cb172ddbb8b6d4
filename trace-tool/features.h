/* SPDX-License-Identifier: MIT */
/*
 * What each feature means, in one sentence; virtio_feature_name() says what it is called.
 */
#ifndef TRACE_TOOL_FEATURES_H
#define TRACE_TOOL_FEATURES_H

/* NULL where that is not known here. */
const char *feature_text(unsigned int device_id, unsigned int bit);

#endif
