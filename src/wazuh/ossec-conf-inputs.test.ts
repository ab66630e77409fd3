import assert from 'node:assert/strict'
import { test } from 'node:test'
import { check, configOf } from './ossec-conf-testing.ts'

test('reads the schedule of a command wodle as modulesd does', () => {
  for (const [text, expected] of [
    ['', { every: 2 }],
    ['<interval>1h</interval>', { every: 3600 }],
    ['<interval>1hour</interval>', { every: 3600 }],
    ['<interval>010</interval>', { every: 8 }],
    ['<interval>0x10m</interval>', { every: 960 }],
    ['<interval>2w</interval><wday>Friday</wday>', { every: 1_209_600, wday: 5, time: '00:00' }],
    ['<interval>1h</interval><wday>mon</wday><time>7:05</time>', { every: 604_800, wday: 1, time: '07:05' }],
    ['<time> 23:59</time>', { every: 86_400, time: '23:59' }],
    ['<interval>2M</interval>', { every: 2, unit: 'months', day: 1, time: '00:00' }],
    ['<day>31</day>', { every: 1, unit: 'months', day: 31, time: '00:00' }],
    ['<interval>0</interval>', undefined],
    ['<interval>h</interval>', undefined],
    ['<interval>1 h</interval>', undefined],
    ['<interval>4294967295</interval>', undefined],
    ['<day>32</day>', undefined],
    ['<wday>someday</wday>', undefined],
    ['<time>24:00</time>', undefined],
    ['<day>1</day><wday>mon</wday>', undefined],
  ] as const) {
    const [wodle] = configOf(`<wodle name="command"><tag>t</tag><command>c</command>${text}</wodle>`).wodles
    const found = wodle && { ...wodle.interval, day: wodle.day, wday: wodle.wday, time: wodle.time }
    const whole = expected && { unit: 'seconds', day: undefined, wday: undefined, time: undefined, ...expected }
    assert.deepEqual(found, whole, text)
  }
})

test('tells what is wrong with a wodle', () => {
  check(`
# names
<wodle><command>c</command></wodle>
<wodle id="1" name="command"><command>c</command></wodle>
<wodle name="comand"><command>c</command></wodle>
<wodle name="syscollector"><disabled>no</disabled></wodle>
---
2 error: <wodle>: it has no name -> write <wodle name="command">
3 error: <wodle>: its first attribute is "id", not name -> write <wodle name="command">
4 warning: <wodle>: there is no wodle "comand" -> did you mean "command"? => it is left out, with an error in ossec.log
# options
<wodle name="command">
  <tags>x</tags>
  <disabled>never</disabled>
  <timeout>2m</timeout>
  <verify_md5>abc</verify_md5>
  <command></command>
</wodle>
<wodle name="command"/>
---
2 warning: <wodle>: it has no <tag> -> name the wodle: its events come from command_TAG
3 error: <wodle>: unknown element <tags> -> did you mean "tag"?
4 error: <wodle>: <disabled>: "never" is not yes or no
5 error: <wodle>: <timeout>: "2m" is not a number of seconds -> units are not known here, write seconds
6 error: <wodle>: <verify_md5>: "abc" is not a digest of 32 characters
7 error: <wodle>: <command> is empty
9 warning: <wodle>: it has no <tag> -> name the wodle: its events come from command_TAG
9 error: <wodle>: it has no <command>
# there is no shell
<wodle name="command"><tag>a</tag><command>ss -tlnp | grep 22</command></wodle>
<wodle name="command"><tag>b</tag><command>/bin/sh -c "ss -tlnp | grep 22"</command></wodle>
<wodle name="command"><tag>c</tag><command>find / -name 'x'</command></wodle>
---
2 warning: <wodle>: <command>: there is no shell, so "|" is passed on as it is -> write /bin/sh -c "…" around it
4 warning: <wodle>: <command>: single quotes do not quote -> use double quotes
# tags
<wodle name="command"><tag>a</tag><command>1</command></wodle>
<wodle name="command"><tag>a</tag><command>2</command></wodle>
<wodle name="command"><tag></tag><command>3</command></wodle>
<wodle name="command"><tag>b</tag><command>4</command></wodle>
---
3 warning: <wodle>: a second wodle with the tag "a" replaces the one on line 2 -> give each its own <tag>
4 warning: <wodle>: <tag> is empty -> name the wodle: its events come from command_TAG
5 warning: <wodle>: it replaces the wodle with the empty tag on line 4 -> give each its own <tag>
# intervals that mean something else
<wodle name="command"><tag>a</tag><command>c</command><interval>010m</interval></wodle>
<wodle name="command"><tag>b</tag><command>c</command><interval>1M</interval><time>04:00</time></wodle>
---
2 warning: <wodle>: <interval>: "010m" is octal, because of the leading 0: 8
3 warning: <wodle>: with <time> the interval becomes 1d -> write <interval>1d</interval>
`)
})

test('reads localfiles as logcollector does', () => {
  const { localfiles } = configOf(`
<localfile>
  <LOG_FORMAT>json</LOG_FORMAT><location>/var/log/a-%Y.json</location><label key="k.v">x</label>
  <ignore>a+</ignore><restrict type="OSMatch">b</restrict><age>1d</age><only-future-events>no</only-future-events>
  <out_format target="other">no</out_format><out_format>$(log)</out_format><target>agent, other</target>
</localfile>
<localfile><log_format>full_command</log_format><command>df -P</command><frequency>hourly</frequency><alias>disk</alias></localfile>`)
  assert.deepEqual(localfiles, [
    {
      place: { file: 'ossec.conf', line: 2 },
      location: '/var/log/a-%Y.json',
      log_format: 'json',
      frequency: 360,
      only_future_events: false,
      labels: [{ key: 'k.v', value: 'x' }],
      ignore: [{ type: 'pcre2', pattern: 'a+' }],
      restrict: [{ type: 'osmatch', pattern: 'b' }],
      age: 86_400,
      out_format: '$(log)',
    },
    {
      place: { file: 'ossec.conf', line: 7 },
      location: '',
      log_format: 'full_command',
      command: 'df -P',
      alias: 'disk',
      frequency: 3600,
      only_future_events: true,
      labels: [],
      ignore: [],
      restrict: [],
    },
  ])
})

test('tells what is wrong with a localfile', () => {
  check(`
# what is missing
<localfile><location>/a</location></localfile>
<localfile><log_format>syslog</log_format></localfile>
<localfile><log_format>command</log_format><location>df -P</location></localfile>
---
2 error: <localfile>: it has no <log_format> -> write syslog, or json for one JSON object a line
3 error: <localfile>: it has no <location>
4 error: <localfile>: it has no <command> -> write the command in <command>, not in <location>
# values
<localfile>
  <log_format> json </log_format>
  <Location>/a</Location>
  <frequency>1m</frequency>
  <label>x</label>
  <label key="_x">x</label>
  <ignore type="regex">a</ignore>
  <restrict kind="pcre2">a</restrict>
  <age>1y</age>
  <only-future-events>maybe</only-future-events>
</localfile>
<localfile><log_format>multi-line</log_format><location>/a</location></localfile>
---
2 error: <localfile>: it has no <location>
3 error: <localfile>: <log_format>: " json " is not a log format -> write <log_format>json</log_format>
4 error: <localfile>: unknown element <Location> -> names are compared with their case: write <location>
5 error: <localfile>: <frequency>: "1m" is not a whole number
6 error: <localfile>: <label> has no key -> write <label key="name">x</label>
7 warning: <localfile>: <label>: "_x" is left out, names that begin with _ are Wazuh's own
8 warning: <localfile>: <ignore>: the type "regex" is not known, pcre2 is used -> write osmatch, osregex or pcre2
9 error: <localfile>: <restrict> has an attribute "kind" -> only type is known
10 error: <localfile>: <age>: "1y" is not an age -> write a number and one of s, m, h, d or w, without a blank
11 warning: <localfile>: <only-future-events>: "maybe" is not yes or no, so it stays yes
13 error: <localfile>: <log_format>: "multi-line" is not a log format -> write multi-line: and the number of lines, such as multi-line:3
# the same file twice, and one that goes elsewhere
<localfile><log_format>syslog</log_format><location>/a</location></localfile>
<localfile><log_format>json</log_format><location>/a</location></localfile>
<localfile><log_format>json</log_format><location>/b</location><target>other</target></localfile>
---
3 warning: <localfile>: "/a" again: it replaces the <localfile> on line 2 -> delete one of the two
4 warning: <localfile>: its lines go to other only, so they are not analysed -> add agent to <target>
`)
})
