/** Words for the numbers in Windows' audit events (spec/engine-decoders.md section 8.1; winevtchannel.c, 4.14.7). */

/** By `categoryId`: the category, the number of its first subcategory, and its subcategories in the order of their numbers. */
const categories: Record<number, [name: string, first: number, subcategories: string[]]> = {
  8272: [
    'System',
    12_288,
    ['Security State Change', 'Security System Extension', 'System Integrity', 'IPsec Driver', 'Other System Events'],
  ],
  8273: [
    'Logon/Logoff',
    12_544,
    [
      'Logon',
      'Logoff',
      'Account Lockout',
      'IPsec Main Mode',
      'Special Logon',
      'IPSec Extended Mode',
      'IPSec Quick Mode',
      'Other Logon/Logoff Events',
      'Network Policy Server',
      'User/Device Claims',
      'Group Membership',
    ],
  ],
  8274: [
    'Object Access',
    12_800,
    [
      'File System',
      'Registry',
      'Kernel Object',
      'SAM',
      'Other Object Access Events',
      'Certification Services',
      'Application Generated',
      'Handle Manipulation',
      'File Share',
      'Filtering Platform Packet Drop',
      'Filtering Platform Connection',
      'Detailed File Share',
      'Removable Storage',
      'Central Policy Staging',
    ],
  ],
  8275: [
    'Privilege Use',
    13_056,
    ['Sensitive Privilege Use', 'Non Sensitive Privilege Use', 'Other Privilege Use Events'],
  ],
  8276: [
    'Detailed Tracking',
    13_312,
    [
      'Process Creation',
      'Process Termination',
      'DPAPI Activity',
      'RPC Events',
      'Plug and Play Events',
      'Token Right Adjusted Events',
    ],
  ],
  8277: [
    'Policy Change',
    13_568,
    [
      'Audit Policy Change',
      'Authentication Policy Change',
      'Authorization Policy Change',
      'MPSSVC Rule-Level Policy Change',
      'Filtering Platform Policy Change',
      'Other Policy Change Events',
    ],
  ],
  8278: [
    'Account Management',
    13_824,
    [
      'User Account Management',
      'Computer Account Management',
      'Security Group Management',
      'Distribution Group Management',
      'Application Group Management',
      'Other Account Management Events',
    ],
  ],
  8279: [
    'DS Access',
    14_080,
    [
      'Directory Service Access',
      'Directory Service Changes',
      'Directory Service Replication',
      'Detailed Directory Service Replication',
    ],
  ],
  8280: [
    'Account Logon',
    14_336,
    [
      'Credential Validation',
      'Kerberos Service Ticket Operations',
      'Other Account Logon Events',
      'Kerberos Authentication Service',
    ],
  ],
}

const changes: Record<number, string> = {
  8448: 'Success removed',
  8449: 'Success added',
  8450: 'Failure removed',
  8451: 'Failure added',
}

const levels = ['', 'CRITICAL', 'ERROR', 'WARNING', 'INFORMATION', 'VERBOSE']

const auditFailure = 0x10_0000_0000_0000n
const auditSuccess = 0x20_0000_0000_0000n

/** The number at the start of a text as C reads it: 0 when there is none. */
function leadingNumber(text: string): number {
  return Number(/^[\t-\r ]*([-+]?\d+)/.exec(text)?.[1] ?? 0)
}

function leadingHex(text: string): bigint {
  const digits = /^[\t-\r ]*(?:0[xX](?=[0-9a-fA-F]))?([0-9a-fA-F]+)/.exec(text)?.[1]
  return digits === undefined ? 0n : BigInt(`0x${digits}`)
}

/** `CRITICAL` … `VERBOSE` by level; level 0 is an audit, and the keywords tell how it went. */
export function severityOf(level: string, keywords: string): string {
  const number = leadingNumber(level)
  if (number === 0) {
    const bits = leadingHex(keywords)
    if ((bits & auditFailure) !== 0n) return 'AUDIT_FAILURE'
    if ((bits & auditSuccess) !== 0n) return 'AUDIT_SUCCESS'
  }
  return levels[number] || 'UNKNOWN'
}

/** Names of `%%8272` and `%%12288`; undefined what is not known. */
export function categoryOf(category: string, subcategory: string): { category?: string; subcategory?: string } {
  const found = categories[leadingNumber(category.replaceAll('%%', ''))]
  if (!found) return {}
  const [name, first, subcategories] = found
  return { category: name, subcategory: subcategories[leadingNumber(subcategory.replaceAll('%%', '')) - first] }
}

/** `%%8448, %%8450` in words; undefined when no number is known. Only the first four are read. */
export function policyChangesOf(text: string): string | undefined {
  const words = text
    .replaceAll('%%', '')
    .split(',')
    .slice(0, 4)
    .map((item) => changes[leadingNumber(item)])
    .filter((word) => word !== undefined)
  return words.length === 0 ? undefined : words.join(', ')
}
