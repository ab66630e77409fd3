import assert from 'node:assert/strict'
import { type RunningOutrider, waitFor } from './outrider.ts'

/** Warnings and errors as `file:line message -> hint`: what a person would read. */
export const complaints = ({ log }: RunningOutrider) =>
  log
    .filter(({ level }) => level === 'warn' || level === 'error')
    .map(({ file, line, message, hint }) => {
      const place = file === undefined ? '' : `${file}${line === undefined ? '' : `:${line}`} `
      return `${place}${message}${hint === undefined ? '' : ` -> ${hint}`}`
    })

/** Exactly one complaint fits each pattern, and each fits one pattern. The last of them may be on its way. */
export async function assertEachOnce(outrider: RunningOutrider, expected: RegExp[]): Promise<void> {
  await waitFor(async () => complaints(outrider).length >= expected.length).catch(() => {})
  const found = complaints(outrider)
  for (const pattern of expected) {
    const fitting = found.filter((text) => pattern.test(text))
    assert.equal(fitting.length, 1, `${pattern} fits ${fitting.length} of:\n${found.join('\n')}`)
  }
  const others = found.filter((text) => !expected.some((pattern) => pattern.test(text)))
  assert.deepEqual(others, [], 'nothing else is complained about')
}
