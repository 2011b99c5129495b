// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Connections: listening, dialling, TLS, non-blocking reads and writes. (Written with the implementation.)
#pragma once

struct net_tls;
