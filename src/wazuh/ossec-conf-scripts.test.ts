import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Config } from '../config.ts'
import type { Files } from '../files.ts'
import { formatProblem } from '../problem.ts'
import { readOssecConf } from './ossec-conf.ts'
import { checkScripts } from './ossec-conf-scripts.ts'

const files = (modes: Record<string, number | 'folder'>): Files => ({
  read: () => Buffer.alloc(0),
  stat(path) {
    const mode = modes[path]
    if (mode === undefined) return undefined
    return mode === 'folder' ? { mode: 0o755, isFile: false } : { mode, isFile: true }
  },
})

const text = `<ossec_config>
<command><name>a</name><executable>a.sh</executable></command>
<command><name>drop</name><executable>firewall-drop</executable></command>
<command><name>typo</name><executable>firewal-drop</executable></command>
<command><name>unused</name><executable>unused</executable></command>
<active-response><command>a</command><location>local</location><level>5</level></active-response>
<active-response><command>drop</command><location>local</location><level>5</level></active-response>
<active-response><command>typo</command><location>local</location><level>5</level></active-response>
<wodle name="command"><tag>a</tag><command>wodles/audit.sh -x</command></wodle>
<wodle name="command"><tag>b</tag><command>ss -tlnp</command></wodle>
<wodle name="command"><tag>c</tag><command>"/opt/my tools/x" y</command></wodle>
<wodle name="command"><tag>d</tag><command>/opt/gone</command><disabled>yes</disabled></wodle>
</ossec_config>`

const place = { file: 'etc/ossec.conf', line: 20 }
const destinations = ['custom-good', 'custom-gone', 'custom-plain', 'custom-open', 'custom-group', 'custom-folder'].map(
  (name) => ({ name, script: { name, place } }),
) as unknown as Config['destinations']

test('finds scripts that are missing, cannot be run, or can be changed by others', () => {
  const { config } = readOssecConf([{ file: 'etc/ossec.conf', text }])
  const found = checkScripts(
    { ossec: config, destinations },
    '/o',
    files({
      '/o/integrations/custom-good': 0o750,
      '/o/integrations/custom-plain': 0o640,
      '/o/integrations/custom-open': 0o777,
      '/o/integrations/custom-group': 0o770,
      '/o/integrations/custom-folder': 'folder',
      '/o/active-response/bin/a.sh': 0o750,
      '/o/wodles/audit.sh': 0o644,
      '/opt/my tools/x': 0o755,
    }),
    ['firewall-drop'],
  )
  assert.equal(
    found.map(formatProblem).join('\n'),
    `etc/ossec.conf:20 error: the integration has no script: /o/integrations/custom-gone is not there
  hint: copy it there, then: chmod 750 /o/integrations/custom-gone
  Wazuh: this integration is disabled until the next restart
etc/ossec.conf:20 error: /o/integrations/custom-plain cannot be run: it has no run bit
  hint: chmod 750 /o/integrations/custom-plain
  Wazuh: an error in ossec.log for each alert, which is lost
etc/ossec.conf:20 warning: /o/integrations/custom-open can be changed by everyone
  hint: chmod go-w /o/integrations/custom-open
  Wazuh: it is refused where the user wazuh may write to it
etc/ossec.conf:20 warning: /o/integrations/custom-group can be changed by its group
  hint: chmod g-w /o/integrations/custom-group
  Wazuh: it is refused where the user wazuh may write to it
etc/ossec.conf:20 error: /o/integrations/custom-folder is no file
  hint: copy it there, then: chmod 750 /o/integrations/custom-folder
  Wazuh: this integration is disabled until the next restart
etc/ossec.conf:4 error: the active response has no script: /o/active-response/bin/firewal-drop is not there
  hint: did you mean "firewall-drop"?
  Wazuh: this response does nothing on hosts without the script
etc/ossec.conf:9 error: /o/wodles/audit.sh cannot be run: it has no run bit
  hint: chmod 750 /o/wodles/audit.sh
  Wazuh: it is not run`,
  )
})
