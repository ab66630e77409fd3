// node scripts/run.mjs FILE [ARG …]: runs a program of this repository under the supported Node, installing what is missing.
import { prepare, runWith } from './runtime.mjs'

runWith(prepare(), process.argv.slice(2))
