// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// For work on the dashboard: `npx vite` with a gateway beside it
const gateway = 'http://127.0.0.1:8700';

export default defineConfig({
  plugins: [react()],
  // The licences of what is inside are shown with the program.
  build: {
    outDir: 'dist',
    assetsInlineLimit: 0,
    target: 'es2023',
    reportCompressedSize: false,
    license: { fileName: 'assets/licences.txt' },
  },
  test: { environment: 'jsdom', include: ['test/**/*.test.{ts,tsx}'], setupFiles: ['test/setup.ts'] },
  // Tests read the policies of data/ and docs/, too.
  server: { host: '127.0.0.1', fs: { allow: ['..'] }, proxy: { '/api': gateway, '/sign-in': gateway, '/catalogue': gateway } },
});
