/** What the home folders of several tests have in common. */

/** Rule 100001, for lines with the word outrider-test. */
export const rules = `<group name="local,">
  <rule id="100001" level="5">
    <match>outrider-test</match>
    <description>test alert</description>
  </rule>
</group>
`

export const localfile = (location: string, format = 'syslog') => `<ossec_config>
  <localfile>
    <log_format>${format}</log_format>
    <location>${location}</location>
  </localfile>
</ossec_config>
`

/**
 * An active response that shakes hands with execd and writes down what it is asked for into record.txt.
 *
 * @param address how sed finds it in the order
 */
export const recordScript = (address = '"srcip":"\\([^"]*\\)"') => `#!/bin/sh
read -r line
command=$(printf '%s' "$line" | sed 's/.*"command":"\\([a-z]*\\)".*/\\1/')
ip=$(printf '%s' "$line" | sed 's/.*${address}.*/\\1/')
if [ "$command" = add ]; then
  echo '{"version":1,"origin":{"name":"record","module":"active-response"},"command":"check_keys","parameters":{"keys":["'"$ip"'"]}}'
  read -r answer
  case "$answer" in *'"command":"continue"'*) ;; *) exit 0 ;; esac
fi
echo "$command $ip" >> record.txt
`
