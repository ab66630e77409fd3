#!/usr/bin/env node
// The `outrider` command: finds the Node it needs, then runs src/cli/main.ts in this process where it can.
import { join } from 'node:path'
import { buildConsole, isPrepared, prepare, root, runWith } from '../scripts/runtime.mjs'

const main = join(root, 'src', 'cli', 'main.ts')
const node = isPrepared() ? process.execPath : prepare()
if (process.argv.includes('up')) buildConsole(node)
if (node === process.execPath && isPrepared()) await import(main)
else runWith(node, [main, ...process.argv.slice(2)])
