/** A test of rules and decoders: events that happen one after the other in a session of their own, and what each should become. */
export interface TestCase {
  file: string
  line: number
  name: string
  steps: TestStep[]
}

export interface TestStep {
  /** Byte string. */
  log: string
  location: string
  /** Milliseconds since 1970 on the case's own clock. */
  at: number
  expect?: Expectation
}

export type Expectation =
  /** Ours: what is named must be equal, the rest may be anything. */
  | ({ kind: 'parts' } & ExpectedParts)
  /** Wazuh's .ini: the triple must be equal, or (`fail`) must not. Empty text means absent; a triple with an empty part is never "equal". */
  | { kind: 'triple'; rule: string; level: string; decoder: string; verdict: 'pass' | 'fail' }

export interface ExpectedParts {
  /** `none`: no rule at all. */
  rule?: number | 'none'
  level?: number
  alert?: boolean
  /** `none`: no decoder. */
  decoder?: string
  description?: string
  /** Names with dots; a value of `null` says that the field is absent. Values as text. */
  fields?: Record<string, string | null>
  /** All groups, compliance tags left out, in any order. */
  groups?: string[]
  mitre?: string[]
}

/** Where the clock of a case begins when it names no time: a Monday noon, UTC. */
export const defaultStart = Date.UTC(2026, 0, 5, 12)
