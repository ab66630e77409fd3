import type { Lookup } from '../define.ts'

type Load = () => Promise<{ default: Lookup }>

/** Every look-up, by name; loaded when first asked for. */
export const lookups: Record<string, Load> = {
  abuseipdb: () => import('./abuseipdb.ts') as unknown as ReturnType<Load>,
  'crowdsec-cti': () => import('./crowdsec-cti.ts') as unknown as ReturnType<Load>,
  greynoise: () => import('./greynoise.ts') as unknown as ReturnType<Load>,
  maltiverse: () => import('./maltiverse.ts') as unknown as ReturnType<Load>,
  misp: () => import('./misp.ts') as unknown as ReturnType<Load>,
  opencti: () => import('./opencti.ts') as unknown as ReturnType<Load>,
  otx: () => import('./otx.ts') as unknown as ReturnType<Load>,
  urlhaus: () => import('./urlhaus.ts') as unknown as ReturnType<Load>,
  virustotal: () => import('./virustotal.ts') as unknown as ReturnType<Load>,
}
