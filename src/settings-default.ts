/** The two files that are written on the first start. Their examples are tested: without the leading `# ` they are read without a problem. */

/**
 * outrider.yaml.
 *
 * @param schema where outrider.schema.json is, for editors that complete and check as one types
 */
export function defaultSettings(schema?: string): string {
  return `${schema === undefined ? '' : `# yaml-language-server: $schema=${schema}\n`}# Settings of Outrider. What Wazuh knows too (<localfile>, <integration>, <command>, <active-response>, <wodle name="command">,
# <ruleset>, <global>) stands in etc/ossec.conf. Changes count after a restart. A mistake is reported with its line and how to mend
# it; the entry it is in is left out, and the rest runs.
#
# Paths are meant from this folder. Secrets need not stand here: "\${env:NAME}" takes a value from the environment, "\${file:PATH}"
# from a file. Either way they are masked in logs and on the console.

# Where the console, the API and webhooks are reached. 127.0.0.1 is reached from this machine only; put a reverse proxy with TLS in
# front before you open it to a network.
listen:
  host: 127.0.0.1
  port: 9750

# Who makes the alerts: our own engine (embedded), or a real Wazuh or OSSEC whose alerts.json Outrider follows (beside).
engine: embedded
# alerts: /var/ossec/logs/alerts/alerts.json   # only with engine: beside

# Webhooks. Each becomes events for the rules, at the URL path /webhook/NAME.
receivers:
  # On GitHub: the content of the file as secret, application/json as content type.
  github:
    type: github
    secret: "\${file:etc/github-webhook.secret}"

# What runs on a schedule. Its events come from the location command_NAME. A script of your own is a <wodle name="command"> in
# etc/ossec.conf instead.
wodles:
  listening-ports:
    type: listening-ports
    interval: 1m

# Where alerts go. Each destination keeps its own place in alerts.json, so nothing is lost while it, or Outrider, is down.
destinations:
  # The demo: alerts are sent to a small receiver on this machine, which keeps them in logs/demo-received.ndjson. Delete this and
  # the section "demo" when you have a destination of your own.
  demo:
    type: webhook
    hook_url: http://127.0.0.1:9751/
    level: 3
  # soc-slack:
  #   type: slack
  #   hook_url: "\${env:SLACK_HOOK_URL}"
  #   level: 7                                  # alerts of this level and above
  #   where: rule.groups.exists(g, g == "sshd") # and only these; an expression in CEL over any field
  #   except: agent.name == "lab"               # but not these
  # A script in integrations/, as Wazuh runs it; an <integration> in etc/ossec.conf does the same.
  # tickets:
  #   type: script
  #   name: custom-tickets
  #   api_key: "\${file:etc/tickets.key}"
  #   level: 10

demo:
  port: 9751

# Active responses. Until enabled is true they only say what they would do.
responses:
  enabled: false
  # Never acted on, besides this machine's own addresses, its gateway and name servers, and <white_list>.
  # never: [192.0.2.0/24, admin]
  # At most this many new blocks a minute.
  # max_per_minute: 60
`
}

/** etc/ossec.conf. */
export function defaultOssecConf(): string {
  return `<!--
  Blocks as Wazuh knows them. Values are taken as they stand: blanks around them count, and & is written as it is.
  Outrider's own settings are in outrider.yaml.
-->
<ossec_config>
  <!-- Never blocked by an active response, besides Outrider's own guards. -->
  <global>
    <white_list>127.0.0.1</white_list>
    <white_list>^localhost</white_list>
  </global>

  <!-- Alerts below this level are not written. -->
  <alerts>
    <log_alert_level>3</log_alert_level>
  </alerts>

  <!-- A log file that is followed. Paths are meant from the home folder; /var/log/auth.log or /var/log/nginx/*.log work as well,
       where the user that runs Outrider may read them. log_format json is for files with one JSON object a line. -->
  <localfile>
    <log_format>syslog</log_format>
    <location>logs/example.log</location>
  </localfile>

  <!-- A script in integrations/ gets every alert of level 7 and above.
  <integration>
    <name>custom-example</name>
    <level>7</level>
    <alert_format>json</alert_format>
  </integration>
  -->

  <!-- Addresses that try to guess passwords over ssh are blocked for a minute. Outrider only says what it would do until
       responses.enabled in outrider.yaml is true; blocking needs root. firewall-drop is built in; a script in active-response/bin/
       of this name would be taken instead. -->
  <command>
    <name>firewall-drop</name>
    <executable>firewall-drop</executable>
    <timeout_allowed>yes</timeout_allowed>
  </command>
  <active-response>
    <command>firewall-drop</command>
    <location>local</location>
    <rules_id>5712,5763</rules_id>
    <timeout>60</timeout>
  </active-response>
</ossec_config>
`
}
