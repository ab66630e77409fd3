import { dirname } from 'node:path'
import * as z from 'zod/mini'
import { type Command, defineResponse, NothingToDo, type Step } from '../define.ts'
import { accountKey, parseAccountKey } from './keys.ts'

/**
 * Locks an account's password. A book says which accounts we locked: one that was locked before we came is left as it is, so that undoing cannot open what an
 * administrator has closed. The book is written first, so that after a crash the lock is known to be ours.
 */
export default defineResponse({
  name: 'disable-account',
  summary: 'Locks the password of an account. Sessions that are open, and logins by key, go on.',
  docs: 'https://manpages.debian.org/passwd.1',
  options: z.object({
    book: z
      ._default(z.string(), '/var/lib/outrider/disabled-accounts')
      .check(z.describe('File in which the accounts are kept that are locked now.')),
  }),
  example: {},
  acts_on: 'account',
  needs_root: true,

  key: (alert) => accountKey(alert),
  parseKey: parseAccountKey,
  prepare: ({ book }) => [{ argv: ['mkdir', '-p', dirname(book)] }],

  add(key, _, { book }) {
    const note = { file: book, edit: (text: string) => write(names(text).add(key)) }
    const lock: Command = { argv: ['passwd', '-l', key] }
    const lookFirst: Step = {
      argv: ['passwd', '-S', key],
      next(status: string) {
        if (isLocked.test(status)) throw new NothingToDo(`${key} is locked already, and not by us`)
        return [note, lock]
      },
    }
    return [{ read: book, next: (text: string) => (names(text).has(key) ? [lock] : [lookFirst]) }]
  },

  delete(key, { book }) {
    const unlock: Command = { argv: ['passwd', '-u', key] }
    const forget = { file: book, edit: (text: string) => write(without(names(text), key)) }
    return [{ read: book, next: (text: string) => (names(text).has(key) ? [unlock, forget] : []) }]
  },

  list: {
    steps: ({ book }) => [{ read: book, next: (text: string) => [...names(text)].map(statusOf) }],
    parse: ([, ...statuses]) => statuses.flatMap((status) => (isLocked.test(status) ? status.split(' ', 1) : [])),
  },
})

/** `NAME L date …`; Red Hat writes LK. */
const isLocked = /^\S+ L/

/** Of an account that is not there any more nothing is known, which is no reason to know nothing of the others. */
function statusOf(name: string): Command {
  return { argv: ['passwd', '-S', name], fine: [1] }
}

function names(text: string): Set<string> {
  return new Set(text.split('\n').filter((line) => line !== ''))
}

function without(all: Set<string>, name: string): Set<string> {
  all.delete(name)
  return all
}

function write(all: Set<string>): string {
  return [...all].map((name) => `${name}\n`).join('')
}
