/** The managers that an ossec.conf names: an agent's own, and the other nodes of a cluster. Blocking one would cut this machine off from it. */
import { fromBytes } from '../alert.ts'
import { parseOsXml, type XmlElement } from './os-xml.ts'

/**
 * Addresses and host names, each once. What cannot be read names none: its own reader says what is wrong with it.
 *
 * `<client><server><address>` is Wazuh's, `<client><server-ip>` and `<server-hostname>` are OSSEC's, `<cluster><nodes><node>` a manager's.
 *
 * @param texts of ossec.conf files, byte strings
 */
export function managersIn(texts: readonly string[]): string[] {
  const found = new Set<string>()
  for (const text of texts) {
    const roots = parseOsXml(text).roots.filter(({ name }) => name === 'ossec_config')
    const sections = roots.flatMap(({ children }) => children)
    const servers = [
      ...below(sections, 'client', 'server', 'address'),
      ...below(sections, 'client', 'server-ip'),
      ...below(sections, 'client', 'server-hostname'),
      ...below(sections, 'cluster', 'nodes', 'node'),
    ]
    for (const { content } of servers) {
      const name = fromBytes(content).trim()
      // What the shipped files hold until somebody writes an address there.
      if (name !== '' && !['MANAGER_IP', 'NODE_IP'].includes(name)) found.add(name)
    }
  }
  return [...found]
}

function below(elements: readonly XmlElement[], ...names: string[]): XmlElement[] {
  const [name, ...rest] = names
  const named = elements.filter((element) => element.name === name)
  return rest.length === 0 ? named : named.flatMap(({ children }) => below(children, ...rest))
}
