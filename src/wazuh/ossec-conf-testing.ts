import assert from 'node:assert/strict'
import { toBytes } from '../alert.ts'
import type { OssecConfig } from '../config.ts'
import { readOssecConf } from './ossec-conf.ts'

/** Every problem as `LINE error: message`, with the hint behind `->` and what Wazuh does behind `=>`, except the usual "does not start". */
export function problemsOf(xml: string): string[] {
  return readOssecConf([{ file: 'ossec.conf', text: toBytes(xml) }]).problems.map(
    ({ severity, line, message, hint, wazuh }) =>
      `${line} ${severity}: ${message}${hint ? ` -> ${hint}` : ''}${wazuh && wazuh !== 'the manager does not start' ? ` => ${wazuh}` : ''}`,
  )
}

/** The blocks of a piece of `<ossec_config>`. */
export function configOf(sections: string): OssecConfig {
  return readOssecConf([{ file: 'ossec.conf', text: `<ossec_config>${sections}</ossec_config>` }]).config
}

/** Cases are a title, the section as it would stand in ossec.conf (line 1 is `<ossec_config>`), and the problems, after a line of dashes. */
export function check(text: string): void {
  for (const piece of text.split(/^# /m).slice(1)) {
    const title = piece.slice(0, piece.indexOf('\n'))
    const [xml, expected = ''] = piece.slice(title.length + 1).split(/^---\n/m)
    const problems = problemsOf(`<ossec_config>\n${xml}</ossec_config>\n`)
    assert.equal(problems.join('\n'), expected.trim(), title)
  }
}
