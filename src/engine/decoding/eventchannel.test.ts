import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EngineEvent } from '../event.ts'
import { decodeEventChannel } from './index.ts'
import { summary } from './testing.ts'

function decoded(log: string): EngineEvent | undefined {
  const event = new EngineEvent()
  event.log = event.full_log = log
  event.program_name = 'x'
  event.timestamp = 'y'
  return decodeEventChannel(event, { maxFields: 256, plain: false }) ? event : undefined
}

const channel = (xml: string, more: Record<string, unknown> = {}) =>
  decoded(JSON.stringify({ Event: `<Event>${xml}</Event>`, ...more }))

/** Names without the `win.` that all have. */
const fields = (event: EngineEvent | undefined) =>
  event?.names.map((name, i) => `${name.replace(/^win\./, '')}=${event.values[i]}`)

test('replaces the log by JSON of the event, and forgets the header', () => {
  const event = channel(
    "<System><Provider Name='P' Guid='{1}'/><EventID>4624</EventID></System><EventData><Data Name='TargetUser'>bob</Data></EventData>",
  )
  assert.equal(
    event?.full_log,
    '{"win":{"system":{"providerName":"P","providerGuid":"{1}","eventID":"4624"},"eventdata":{"targetUser":"bob"}}}',
  )
  assert.equal(event.log, event.full_log)
  assert.deepEqual([event.type, event.program_name, event.timestamp], ['ossec', undefined, undefined])
  assert.equal(
    summary(event),
    'windows_eventchannel win.system.providerName=P win.system.providerGuid={1} win.system.eventID=4624 win.eventdata.targetUser=bob',
  )
})

test('reads the elements of <System>', () => {
  assert.deepEqual(
    fields(
      channel(
        "<System><TimeCreated SystemTime='2020'/><Execution ProcessID='1' ThreadID='2'/><Channel>Security</Channel><Security UserID='S-1'/><Correlation ActivityID='x'/><Opcode></Opcode><Computer>pc</Computer></System>",
      ),
    ),
    [
      'system.systemTime=2020',
      'system.processID=1',
      'system.threadID=2',
      'system.channel=Security',
      'system.computer=pc',
    ],
  )
})

test('tells the severity by level, and of audits by keywords', () => {
  const cases: [level: string, keywords: string, severity: string][] = [
    ['1', '0x0', 'CRITICAL'],
    ['4', '0x8000000000000000', 'INFORMATION'],
    ['0', '0x8020000000000000', 'AUDIT_SUCCESS'],
    ['0', '0x8010000000000000', 'AUDIT_FAILURE'],
    ['0', '0x0', 'UNKNOWN'],
    ['9', '0x0', 'UNKNOWN'],
  ]
  for (const [level, keywords, severity] of cases) {
    const shown = fields(channel(`<System><Level>${level}</Level><Keywords>${keywords}</Keywords></System>`))
    assert.equal(shown?.at(-1), `system.severityValue=${severity}`)
  }
  assert.deepEqual(fields(channel('<System><Level>4</Level></System>')), ['system.level=4'])
})

test('reads data with and without names, and skips what says nothing', () => {
  const data =
    "<Data Name='A'>1  </Data><Data Name='B'>-</Data><Data Name='C'>(NULL)</Data><Data Name='D'></Data><Data>x</Data><Data>y</Data><Binary>00</Binary>"
  assert.deepEqual(fields(channel(`<EventData>${data}</EventData>`)), [
    'eventdata.a=1',
    'eventdata.binary=00',
    'eventdata.data=x, y',
  ])
})

test('puts categories and policy changes into words', () => {
  const audit = '<System><Level>0</Level><Keywords>0x8020000000000000</Keywords></System>'
  const data =
    "<Data Name='CategoryId'>%%8277</Data><Data Name='SubcategoryId'>%%13568</Data><Data Name='AuditPolicyChanges'>%%8448, %%8451</Data>"
  const shown = fields(channel(`${audit}<EventData>${data}</EventData>`))!.filter((field) =>
    field.startsWith('eventdata'),
  )
  assert.deepEqual(shown, [
    'eventdata.categoryId=%%8277',
    'eventdata.subcategoryId=%%13568',
    'eventdata.auditPolicyChangesId=%%8448, %%8451',
    'eventdata.category=Policy Change',
    'eventdata.subcategory=Audit Policy Change',
    'eventdata.auditPolicyChanges=Success removed, Failure added',
  ])
})

test('takes the elements of other sections under their own name', () => {
  assert.deepEqual(
    fields(channel("<UserData><EventXML xmlns='x'><SubjectUser>bob</SubjectUser><Empty/></EventXML></UserData>")),
    ['eventXML.subjectUser=bob'],
  )
})

test('keeps the quotes around the message, and backslashes of the event doubled', () => {
  const event = channel("<EventData><Data Name='Path'>C:\\Windows</Data></EventData>", {
    Message: 'one\r\ntwo "x" \\ ',
  })
  assert.deepEqual(fields(event), ['system.message="one\r\ntwo "x" \\ "', 'eventdata.path=C:\\\\Windows'])
})

test('goes on with the message when the XML cannot be read', () => {
  assert.deepEqual(fields(decoded('{"Message":"m","Event":"<Event><System>"}')), ['system.message="m"'])
})

test('drops what is no event', () => {
  for (const log of ['', 'x', '{"Message":"m"}', '[1]', '{"Event":"<Event/>"'])
    assert.equal(decoded(log), undefined, log)
})
