import { defineConfig } from 'vite'

export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    // One small file each: nothing to preload, and nothing may be inlined as data: where the page's policy forbids it.
    modulePreload: false,
    assetsInlineLimit: 0,
    target: 'es2023',
  },
})
