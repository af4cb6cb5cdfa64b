import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

const backend = process.env['RINKAKU_DEV_BACKEND'] ?? 'http://127.0.0.1:8000';

export default defineConfig({
  plugins: [react()],
  worker: { format: 'es' },
  build: { target: 'es2023', sourcemap: false, assetsInlineLimit: 0 },
  server: { proxy: { '/api': backend, '/dicomweb': backend } },
  test: { environment: 'node', include: ['src/**/*.test.ts'], testTimeout: 60_000 },
});
