import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

const server = process.env.SIAGA_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [svelte({ configFile: `${import.meta.dirname}/svelte.config.js` })],
  resolve: {
    // The page's Content-Security-Policy forbids eval, which typebox's compiler is made of: our checker reads
    // the same schemas instead.
    alias: [{ find: 'typebox/compile', replacement: new URL('./src/feed/schema-check.ts', import.meta.url).pathname }],
  },
  server: { port: 5173, proxy: { '/api': { target: server } } },
  build: {
    target: 'es2022',
    // No data: URLs in the page, so that the policy can forbid them too.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      // The contracts only define: those that the page does not read are left out, with what they need of typebox.
      treeshake: { moduleSideEffects: [{ test: /\/(protocol\/src|node_modules\/typebox)\//, sideEffects: false }] },
    },
  },
});
