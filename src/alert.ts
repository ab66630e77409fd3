/**
 * The two shapes that everything else passes around.
 *
 * Text that came from outside is bytes, and Wazuh treats it as bytes. An {@link Event} therefore carries a *byte string*: a JavaScript string in
 * which every character is one byte (latin1), so that lengths, offsets and classes mean what they mean in Wazuh. {@link toBytes} and
 * {@link fromBytes} are the only two doors. An {@link Alert} is decoded JSON and holds ordinary text.
 */

/** One log line (or block of lines) and where it came from, as a Wazuh agent would send it. */
export interface Event {
  /** The log, a byte string without the final line end. */
  log: string
  /** What `location` becomes in the alert: a file path, `command_TAG`, … A byte string. */
  location: string
}

/** An alert as it stands in `alerts.json` (Wazuh 4.14, spec/alerts.md section 2). Readers must expect any part but `rule` to be missing. */
export interface Alert {
  timestamp: string
  rule: AlertRule
  agent?: { id: string; name?: string; ip?: string; labels?: Record<string, unknown> }
  manager?: { name: string }
  /** `SECONDS.OFFSET`: unique within one file of one node, and no further. */
  id: string
  cluster?: { name: string; node?: string }
  previous_output?: string
  full_log?: string
  syscheck?: Record<string, unknown>
  predecoder?: { program_name?: string; timestamp?: string; hostname?: string }
  decoder?: { name?: string; parent?: string; ftscomment?: string; accumulate?: number }
  previous_log?: string
  /** Decoded fields. Values are strings, arrays or nested objects, never numbers. */
  data?: Record<string, unknown>
  location?: string
  [key: string]: unknown
}

export interface AlertRule {
  level: number
  description: string
  /** Digits, as text. */
  id: string
  mitre?: { id: string[]; tactic: string[]; technique: string[] }
  frequency?: number
  firedtimes?: number
  mail?: boolean
  groups?: string[]
  /** Compliance arrays (`pci_dss`, `gdpr`, …) and the rest. */
  [key: string]: unknown
}

/** The byte string of a text: its UTF-8 bytes, one character each. */
export function toBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** The text of a byte string; bytes that are not UTF-8 become U+FFFD. */
export function fromBytes(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
