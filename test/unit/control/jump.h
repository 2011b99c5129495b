// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The system's clock, as far ahead or back as a test wants it; for programs that are linked with
// --wrap=clock_wall_ms.
#pragma once

#include "base/clock.h"

#define HOUR ((int64_t)60 * 60 * 1000)
#define DAY (24 * HOUR)

static _Atomic int64_t jumped_ms;

int64_t __real_clock_wall_ms(void);
int64_t __wrap_clock_wall_ms(void);
int64_t __wrap_clock_wall_ms(void)
{
    return __real_clock_wall_ms() + jumped_ms;
}
