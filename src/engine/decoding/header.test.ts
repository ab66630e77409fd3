import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toBytes } from '../../alert.ts'
import { readHeader } from './header.ts'

/** `timestamp | host | program | log`, `-` for what is not there. */
function outline(text: string): string {
  const { timestamp, host, program_name, log } = readHeader(toBytes(text))
  return [timestamp, host, program_name, log].map((part) => part ?? '-').join(' | ')
}

const stamp = 'Jan 15 10:30:45'

// spec/engine-decoders.md section 2, row by row; each was also compared with the original on 400,000 random lines.
const forms: [text: string, expected: string][] = [
  [`${stamp} web app: hello`, `${stamp} | web | app | hello`],
  ['xxx 29 10:00:01 web app: hello', 'xxx 29 10:00:01 | web | app | hello'],
  [`${stamp}  web app: hello`, `${stamp} | web | app | hello`],
  ['2015-04-16 21:51:02,805 web app: hello', '2015-04-16 21:51:02,805 | web | app | hello'],
  ['2007-06-14T15:48:55-04:00 web app: hello', '2007-06-14T15:48:55-04:00 | web | app | hello'],
  ['2022-12-19T15:02:53.288+00:00 web app: hello', '2022-12-19T15:02:53.288+00:00 | web | app | hello'],
  ['2009-05-22T09:36:46.214994-07:00 web app: hello', '2009-05-22T09:36:46.214994-07:00 | web | app | hello'],
  ['2015 Dec 29 10:00:01 web app: hello', '2015 Dec 29 10:00:01 | web | app | hello'],
  ['2021-04-21 10:16:09.404756-0700 web app: hello', '2021-04-21 10:16:09.404756-0700 | web | app | hello'],
  ['Mon Apr 17 18:27:14 2006 1 64.160.42.130 x', 'Mon Apr 17 18:27:14 2006 | - | - | 1 64.160.42.130 x'],
  ['01/28-09:13:16.240702  [**] x', '01/28-09:13:16.240702 | - | - | [**] x'],
  ['01/28/1979-09:13:16.240702  [**] x', '01/28/1979-09:13:16.240702 | - | - | [**] x'],
  ['[Fri Feb 11 18:06:35 2004] [warn] x', 'Fri Feb 11 18:06:35 2004 | - | - | [warn] x'],
  ['1140804070.368  11623 1.2.3.4 TCP_MISS/200', '1140804070.368  | - | - | 11623 1.2.3.4 TCP_MISS/200'],
  // Not recognised: seconds with Z, a priority, and too short a line.
  ['2022-12-19T15:02:53Z web app: hello there', '- | - | - | 2022-12-19T15:02:53Z web app: hello there'],
  [`<13>${stamp} web app: hello`, `- | - | - | <13>${stamp} web app: hello`],
  ['Jan 15 10:30:45', '- | - | - | Jan 15 10:30:45'],
  // Any other fraction: the rest is eaten or left over.
  ['2022-12-19T15:02:53.288Z web app: hello', '2022-12-19T15:02:53.288Z web ap | - |  | hello'],
  // The umlaut makes the month one byte longer.
  ['Mär 02 17:30:52 web app: hello', `${toBytes('Mär 02 17:30:5')} | web | app | hello`],
]

test('recognises the headers of the original, and no others', () => {
  for (const [text, expected] of forms) assert.equal(outline(text), expected, text)
})

const programs: [text: string, host: string, program: string, log: string][] = [
  ['web app: x', 'web', 'app', 'x'],
  ['web app:x', 'web', 'app', 'x'],
  ['web app[12]: x', 'web', 'app', 'x'],
  ['web app[12]:x', 'web', 'app', 'x'],
  ['web app[12] x', 'web', 'app', 'x'],
  ['web app[12x]: y', 'web', '-', 'app[12x]: y'],
  ['web app x', 'web', '-', 'app x'],
  ['web (root) CMD x', 'web', '-', '(root) CMD x'],
  ['web : x', 'web', '', 'x'],
  ['web [1]: x', 'web', '', 'x'],
  ['web kernel: [ 12.3] x', 'web', 'kernel', '[ 12.3] x'],
  ['app: x', '-', 'app', 'x'],
  ['web* app: x', '-', '-', 'web* app: x'],
  ['web', '-', '-', 'web'],
  ['web app[3]: [ID 7 auth.info] x', 'web', 'app', 'x'],
  ['web app: [ID 7 x', 'web', 'app', '[ID 7 x'],
  ['web auth|security:info app: x', 'web', 'app', 'x'],
  ['web auth|security:info app[4]: x', 'web', 'app', 'x'],
  ['web auth|security:info app[4] x', 'web', 'app', 'auth|security:info app'],
  ['web auth|security:info app x y', 'web', 'app x y', ' x y'],
  ['web auth|security app: x', 'web', '-', 'auth|security app: x'],
]

test('tells host and program apart', () => {
  for (const [text, host, program, log] of programs) {
    assert.equal(outline(`${stamp} ${text}`), [stamp, host, program, log].join(' | '), text)
  }
})

test('takes the pieces of macOS ASL, and ends the log where one of them ended', () => {
  const start = '[Time 2006.12.28 15:53:55 UTC]'
  const cases: [text: string, expected: string][] = [
    [`${start} [Sender sshd] [PID 3] [Message a: b] [Host h] [x]`, '- | h | sshd | a: b'],
    [`${start} [Message one] [Message two] [Sender a] [Sender b]`, '- | - | a | one'],
    [`${start} [Sender sshd] [PID 3]`, '- | - | sshd |  UTC] [Sender sshd'],
    [`${start} [Sender sshd`, '- | - | - |  UTC] [Sender sshd'],
    [`${start} [Message no end`, '- | - | - | no end'],
  ]
  for (const [text, expected] of cases) assert.equal(outline(text), expected, text)
})
