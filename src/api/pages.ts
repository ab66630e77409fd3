/** The console's files, and the page for who has not signed in. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { Context } from 'hono'
import { html, raw } from 'hono/html'
import type { ContentfulStatusCode } from 'hono/utils/http-status'

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}

/** Nothing but our own files may run, and no text of an alert can ever become markup: scripts may not assign HTML at all. */
const consolePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

/** The built page, or one that says how to build it. */
export async function consolePage(c: Context, folder: string): Promise<Response> {
  const page = await read(join(folder, 'index.html'))
  if (!page) {
    return c.text(
      'the console is not built\n  hint: npm start builds it, or by hand: node node_modules/vite/bin/vite.js build src/console\n',
      503,
    )
  }
  return c.body(page, 200, {
    'Content-Type': types['.html']!,
    'Cache-Control': 'no-cache',
    'Content-Security-Policy': consolePolicy,
  })
}

/** A file of the build. Vite puts a hash of the content into each name, so a browser may keep it for ever. */
export async function consoleAsset(folder: string, name: string, c: Context): Promise<Response | undefined> {
  const type = types[extname(name)]
  if (!type || !/^[\w-]+(\.[\w-]+)+$/.test(name)) return undefined
  const file = await read(join(folder, 'assets', name))
  if (!file) return undefined
  return c.body(file, 200, { 'Content-Type': type, 'Cache-Control': 'public, max-age=31536000, immutable' })
}

async function read(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { min-height: 90vh; display: grid; place-content: center; margin: 1rem; background: light-dark(#f6f7f9, #0f1318) }
main { max-width: 26rem; padding: 2rem; border-radius: 12px; background: light-dark(#fff, #171c23); border: 1px solid light-dark(#dfe3e8, #2a313b) }
h1 { margin: 0 0 .5rem; font-size: 1.25rem }
p { margin: 0 0 1rem; color: light-dark(#4a5563, #a5b0be) }
form { display: flex; gap: .5rem }
input { flex: 1; min-width: 0; font: inherit; padding: .5rem .75rem; border-radius: 8px; border: 1px solid light-dark(#c3cad3, #3a4452); background: transparent }
button { font: inherit; padding: .5rem 1rem; border-radius: 8px; border: 0; background: #2563eb; color: #fff }
`
const plainStyle = `${style}
main { max-width: 34rem; overflow-wrap: anywhere }
form { flex-direction: column }
form div { display: flex; gap: .5rem; margin-top: .5rem }
label { display: flex; flex-direction: column; font-size: .875rem }
input { flex: none }
dl { margin: 0 0 1rem }
dt { font-size: .8rem; color: light-dark(#4a5563, #a5b0be) }
dd { margin: 0 0 .5rem }
[role=alert] { margin: 0; color: light-dark(#b91c1c, #f87171) }
.quiet { background: light-dark(#e5e7eb, #2a313b); color: inherit }
`
const hashOf = (text: string) => createHash('sha256').update(text).digest('base64')
const styleHash = hashOf(style)
const plainHash = hashOf(plainStyle)

/** A page without scripts, outside of the console. `body` is escaped already. */
export function plainPage(
  c: Context,
  status: ContentfulStatusCode,
  title: string,
  body: unknown,
  hasForm = false,
): Response {
  return c.html(
    html`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">
<title>${title}</title><style>${raw(plainStyle)}</style><main>${body}</main></html>`,
    status,
    {
      'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${plainHash}'; form-action ${hasForm ? "'self'" : "'none'"}; base-uri 'none'; frame-ancestors 'none'`,
      'Cache-Control': 'no-store',
    },
  ) as Response
}

/** Asks for the token. `wrong`: one was given, and it was not the right one. */
export function signInPage(c: Context, wrong: boolean): Response {
  const text = wrong
    ? 'That was not the right token. A restart keeps the token; a new home folder has a new one.'
    : 'Open the URL that <code>outrider up</code> printed, or paste its token here.'
  return c.html(
    `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Outrider: sign in</title><style>${style}</style>
<main><h1>Outrider</h1><p>${text}</p>
<form method="get" action="/"><input type="password" name="token" aria-label="Token" required autofocus autocomplete="off"><button>Sign in</button></form></main></html>`,
    401,
    {
      'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${styleHash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
      'Cache-Control': 'no-store',
    },
  )
}

/**
 * Loads the page once more. A browser that follows a link from another site does not send a SameSite=Strict cookie with that first request; the
 * second one comes from us.
 */
export function onceMorePage(c: Context): Response {
  return c.html('<!doctype html><meta http-equiv="refresh" content="0; url=/"><title>Outrider</title>', 200, {
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'Cache-Control': 'no-store',
  })
}
