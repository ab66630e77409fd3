#!/usr/bin/env node
// The `outrider` command: finds the Node it needs, then runs src/cli/main.ts in this process where it can.
import { join } from 'node:path'
import { isPrepared, prepare, root, runWith } from '../scripts/runtime.mjs'

const main = join(root, 'src', 'cli', 'main.ts')
if (isPrepared()) await import(main)
else runWith(prepare(), [main, ...process.argv.slice(2)])
