/** What the errors of HTTP clients, undici's and Node's own, mean for a delivery, in words. Imports nothing heavy: see attempt.ts. */
import type { HttpResult } from './attempt.ts'

/** `closed`: the connection went away before a byte of the answer came, which says nothing: a server may close an idle one at any moment. */
export function failure(error: NodeJS.ErrnoException): HttpResult | 'closed' {
  const code = (error.cause as NodeJS.ErrnoException | undefined)?.code ?? error.code ?? ''
  if (code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE') return 'closed'
  if (code === 'UND_ERR_INVALID_ARG' || code.startsWith('ERR_INVALID'))
    return { kind: 'impossible', reason: error.message }
  return { kind: 'failed', reason: reasonOf(error), busy: true }
}

/** Why there is no connection, in words. */
export function reasonOf(error: NodeJS.ErrnoException): string {
  const code = (error.cause as NodeJS.ErrnoException | undefined)?.code ?? error.code ?? ''
  return words[code] ?? `cannot be reached: ${error.message}`
}

const words: Record<string, string> = {
  ECONNREFUSED: 'cannot be reached: connection refused (ECONNREFUSED)',
  ENOTFOUND: 'cannot be reached: no such host (ENOTFOUND)',
  EAI_AGAIN: 'cannot be reached: the name server does not answer (EAI_AGAIN)',
  EHOSTUNREACH: 'cannot be reached: no route to the host (EHOSTUNREACH)',
  ENETUNREACH: 'cannot be reached: no network (ENETUNREACH)',
  UND_ERR_CONNECT_TIMEOUT: 'cannot be reached: no connection within 30 s',
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'its certificate is self-signed; name its authority with ca_file, or set ssl_verify to false',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by an unknown authority; name it with ca_file',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is signed by an unknown authority; name it with ca_file',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is signed by an unknown authority; name it with ca_file',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host name',
  CERT_HAS_EXPIRED: 'its certificate has expired',
}
