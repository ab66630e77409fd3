import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/** A key and a certificate, for 127.0.0.1 unless another name is said, that signs itself: the authority is the certificate. */
export function certificate(folder: string, name = 'IP:127.0.0.1,DNS:localhost'): { key: string; cert: string } {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const options = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const names = ['-subj', '/CN=localhost', '-addext', `subjectAltName=${name}`]
  const made = spawnSync('openssl', ['req', ...options, ...names, '-keyout', key, '-out', cert], { encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`openssl: ${made.stderr}`)
  return { key, cert }
}
