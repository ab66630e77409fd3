import { defineFake, type Line } from './define.ts'

const path = /^(?:MAIL FROM|RCPT TO):<([^<>\s@]+@[^<>\s@]+)>(?: .*)?$/i

/** The rule that a mail breaks; undefined: none. RFC 5321 and 5322. */
function wrongWith(mail: string): string | undefined {
  if (/(^|[^\r])\n|\r(?!\n)/.test(mail)) return 'a line does not end with CR LF'
  const lines = mail.split('\r\n')
  const long = lines.find((line) => line.length > 998)
  if (long !== undefined) return `a line of ${long.length} bytes, of 998`
  const end = lines.indexOf('')
  const head = lines.slice(0, end < 0 ? undefined : end)
  if (head.some((line) => /[^\x20-\x7e\t]/.test(line))) return 'a header is not ASCII'
  const odd = head.find((line) => !/^([!-9;-~]+:|[ \t])/.test(line))
  if (odd !== undefined) return 'a line of the header is no field'
  for (const name of ['from', 'to', 'subject', 'date', 'message-id']) {
    const count = head.filter((line) => line.toLowerCase().startsWith(`${name}:`)).length
    if (count !== 1) return `${count} fields "${name}" in the header`
  }
  return undefined
}

/** A mail that was received: dots at the start of lines are doubled on the way. */
function take(data: string, recipients: number, line: Line): string | undefined {
  switch (line.fault()) {
    case 'busy':
      return '421 4.7.0 Try again later, closing connection'
    case 'failed':
      return '451 4.3.0 Requested action aborted: local error in processing'
    case 'reset':
    case 'hang':
      return undefined
  }
  const mail = data.replace(/^\./gm, '')
  const rule = wrongWith(mail)
  if (rule !== undefined) {
    line.refused(rule)
    return `554 5.6.0 ${rule}`
  }
  const id = /^message-id: *(\S+)/im.exec(mail)?.[1] ?? ''
  line.accepted(`mail ${id} to ${recipients}`, id)
  return '250 2.0.0 OK'
}

function session(line: Line): (command: string) => void {
  let sender: string | undefined
  let recipients: string[] = []
  let login: string[] | undefined
  let isGreeted = false
  const reset = () => {
    sender = undefined
    recipients = []
  }
  const no = (code: number, rule: string) => {
    line.refused(rule)
    return `${code} ${rule}`
  }

  function answer(text: string): string | undefined {
    if (login) {
      login.push(text)
      if (login.length < 2) return `334 ${Buffer.from('Password:').toString('base64')}`
      login = undefined
      return '235 2.7.0 Authentication successful'
    }
    const word = text.split(' ', 1)[0]!.toUpperCase()
    if (!isGreeted && !['EHLO', 'HELO', 'QUIT'].includes(word)) return no(503, 'no EHLO before the first command')
    switch (word) {
      case 'EHLO':
      case 'HELO':
        isGreeted = true
        return '250-fake.example\r\n250-SIZE 26214400\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN'
      case 'AUTH':
        return authenticate(text)
      case 'MAIL':
        if (!path.test(text)) return no(501, 'MAIL FROM is not an address')
        sender = path.exec(text)![1]
        return '250 2.1.0 OK'
      case 'RCPT':
        if (sender === undefined) return no(503, 'RCPT before MAIL')
        if (!path.test(text)) return no(501, 'RCPT TO is not an address')
        recipients.push(path.exec(text)![1]!)
        return '250 2.1.5 OK'
      case 'DATA':
        return recipients.length === 0 ? no(503, 'DATA before RCPT') : '354 End data with <CR><LF>.<CR><LF>'
      case 'RSET':
        reset()
        return '250 2.0.0 OK'
      case 'NOOP':
        return '250 2.0.0 OK'
      case 'QUIT':
        return '221 2.0.0 Bye'
    }
    // It may be a credential that came at the wrong time.
    return no(500, `there is no command ${/^[A-Z]{4,8}$/.test(word) ? word : 'of that form'}`)
  }

  function authenticate(text: string): string {
    const [, mechanism = '', initial] = text.split(' ')
    if (mechanism.toUpperCase() === 'LOGIN') {
      login = initial === undefined ? [] : [initial]
      return `334 ${Buffer.from(initial === undefined ? 'Username:' : 'Password:').toString('base64')}`
    }
    const parts = Buffer.from(initial ?? '', 'base64')
      .toString()
      .split('\0')
    if (mechanism.toUpperCase() !== 'PLAIN' || parts.length !== 3 || parts[1] === '' || parts[2] === '')
      return no(535, 'AUTH is neither LOGIN nor PLAIN with user and password')
    return '235 2.7.0 Authentication successful'
  }

  let rest = ''
  let isData = false
  line.say('220 fake.example ESMTP\r\n')
  return (piece) => {
    rest += piece
    for (;;) {
      const end = isData ? /(^|\r\n)\.\r\n/.exec(rest) : /\r\n/.exec(rest)
      if (!end) return
      const text = rest.slice(0, end.index + (isData ? end[1]!.length : 0))
      rest = rest.slice(end.index + end[0].length)
      const said = isData ? take(text, recipients.length, line) : answer(text)
      if (isData) reset()
      isData = !isData && said?.startsWith('354') === true
      if (said !== undefined) line.say(`${said}\r\n`)
      if (said?.startsWith('221') || said?.startsWith('421')) line.end()
    }
  }
}

export default defineFake({
  name: 'email',
  source: 'https://www.rfc-editor.org/rfc/rfc5321',
  destinations(url) {
    const server = { host: '127.0.0.1', port: Number(new URL(url).port), security: 'none' }
    return {
      email: { ...server, mail_from: 'wazuh@example.com', mail_to: ['soc@example.com', 'night@example.com'] },
      'email-login': {
        ...server,
        user: 'wazuh',
        api_key: 'fake-password',
        mail_from: 'wazuh@example.com',
        mail_to: 'soc@example.com',
      },
    }
  },
  connected: session,
})
