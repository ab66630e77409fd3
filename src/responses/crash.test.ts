/**
 * Killed at every moment: the same story is told again and again, each time cut off one step later (before and after each commit, before and after
 * each touch of the firewall), and then everything is started anew. Whatever the moment, what is wanted is in force once, and ends.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { State } from '../durable/state.ts'
import { type Bench, type BenchOptions, bench, block, command, fileFirewall } from './test-kit.ts'

/** Throws at its nth call and at every call from then on: nothing that was alive then gets any further. */
function killer(nth: number) {
  let count = 0
  return {
    step() {
      if (++count >= nth) throw new Error('killed')
    },
    isDead: () => count >= nth,
    rest() {
      count = Number.NEGATIVE_INFINITY
    },
  }
}

function mortal(state: State, step: () => void): void {
  const { transaction } = state
  state.transaction = (work) => {
    if (state.db.isTransaction) return transaction(work)
    step()
    const result = transaction(work)
    step()
    return result
  }
}

/** Runs the story once for each step it has; `check` sees what is left after the restart, an hour before and long after the end. */
async function killedEverywhere(
  t: TestContext,
  make: (step: () => void) => BenchOptions,
  story: (bed: Bench) => Promise<void>,
  check: (bed: Bench) => void,
): Promise<number> {
  for (let nth = 1; ; nth++) {
    const death = killer(nth)
    const bed = await bench(t, { ...make(death.step), mortal: (state) => mortal(state, death.step) })
    await story(bed).catch((error: Error) => assert.equal(error.message, 'killed'))
    const reached = death.isDead()
    death.rest()
    if (!reached) return nth
    const after = await bed.restart({ mortal: undefined })
    check(after)
    await after.pass(3600)
    const left = after.responder.list()
    assert.deepEqual([left, inForce(after)], [[], []], `killed at step ${nth}`)
  }
}

/** Lines of the firewall's file; of those with a sign before it, `+` puts one in front and `-` takes one away, as iptables -I and -D do. */
function inForce(bed: Bench): string[] {
  const lines: string[] = []
  for (const line of readFileSync(join(bed.home, 'firewall'), 'utf8').split('\n').filter(Boolean)) {
    const found = lines.indexOf(line.slice(1))
    if (!/^[+-]/.test(line)) lines.push(line)
    else if (line.startsWith('+')) lines.push(line.slice(1))
    else if (found >= 0) lines.splice(found, 1)
  }
  return lines.sort()
}

/** What is in force by the book is in force on the firewall, once, and nothing else is. */
function agree(bed: Bench): void {
  const book = bed.responder.list().filter(({ state }) => state === 'in force')
  assert.deepEqual(inForce(bed), book.map(({ key }) => key).sort())
  assert.equal(new Set(book.map(({ key }) => key)).size, book.length)
  assert.ok(bed.responder.list().every(({ state }) => state === 'in force'))
}

async function story(bed: Bench): Promise<void> {
  await bed.alert({ srcip: '203.0.113.5' })
  await bed.pass(100)
  await bed.alert({ srcip: '203.0.113.6' })
  await bed.alert({ srcip: '203.0.113.5' })
  await bed.pass(550)
  const [lease] = bed.responder.list()
  if (lease) bed.responder.remove(lease.id, { reason: 'r', by: 'test' })
  await bed.responder.settled()
  await bed.alert({ srcip: '203.0.113.6' })
  await bed.pass(1000)
}

test('a definition', async (t) => {
  const steps = await killedEverywhere(
    t,
    (step) => ({
      firewall(file) {
        const whole = fileFirewall(file)
        const slowly = (steps: ReturnType<typeof whole.add>) =>
          steps.map((one) => ({
            ...one,
            edit(text: string) {
              step()
              const changed = 'edit' in one ? one.edit(text) : text
              writeFileSync(file, changed)
              step()
              return changed
            },
          })) as ReturnType<typeof whole.add>
        return {
          ...whole,
          add: (...args) => slowly(whole.add(...args)),
          delete: (...args) => slowly(whole.delete!(...args)),
        }
      },
    }),
    story,
    agree,
  )
  assert.ok(steps > 30, `${steps} steps`)
})

test('a script that does twice what it is told twice', async (t) => {
  const script = `#!/bin/sh
    read -r line
    ip=$(printf '%s' "$line" | sed 's/.*"srcip":"\\([^"]*\\)".*/\\1/')
    case $line in *'"command":"delete"'*) echo "-$ip" >> firewall; exit 0;; esac
    echo '{"version":1,"origin":{"name":"x","module":"active-response"},"command":"check_keys","parameters":{"keys":["'$ip'"]}}'
    read -r line
    case $line in *'"command":"continue"'*) echo "+$ip" >> firewall;; esac`
  const steps = await killedEverywhere(
    t,
    () => ({ scripts: { twice: script }, commands: [command('twice')], responses: [block('twice')], definitions: {} }),
    story,
    agree,
  )
  assert.ok(steps > 30, `${steps} steps`)
})
