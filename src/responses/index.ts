import type { Response } from '../define.ts'

type Load = () => Promise<{ default: Response }>

/** Every response, by name; loaded when first asked for. */
export const responses: Record<string, Load> = {
  'aws-waf': (() => import('./aws-waf.ts')) as unknown as Load,
  blocklist: (() => import('./blocklist.ts')) as unknown as Load,
  cloudflare: (() => import('./cloudflare.ts')) as unknown as Load,
  'cloudflare-list': (() => import('./cloudflare-list.ts')) as unknown as Load,
  crowdsec: (() => import('./crowdsec.ts')) as unknown as Load,
  'crowdsec-lapi': (() => import('./crowdsec-lapi.ts')) as unknown as Load,
  'disable-account': (() => import('./disable-account.ts')) as unknown as Load,
  entra: (() => import('./entra.ts')) as unknown as Load,
  'firewall-api': (() => import('./firewall-api.ts')) as unknown as Load,
  'firewall-drop': (() => import('./firewall-drop.ts')) as unknown as Load,
  'firewalld-drop': (() => import('./firewalld-drop.ts')) as unknown as Load,
  fortigate: (() => import('./fortigate.ts')) as unknown as Load,
  'host-deny': (() => import('./host-deny.ts')) as unknown as Load,
  'iptables-drop': (() => import('./iptables-drop.ts')) as unknown as Load,
  'kill-process': (() => import('./kill-process.ts')) as unknown as Load,
  mikrotik: (() => import('./mikrotik.ts')) as unknown as Load,
  okta: (() => import('./okta.ts')) as unknown as Load,
  opnsense: (() => import('./opnsense.ts')) as unknown as Load,
  paloalto: (() => import('./paloalto.ts')) as unknown as Load,
  pfsense: (() => import('./pfsense.ts')) as unknown as Load,
  'route-null': (() => import('./route-null.ts')) as unknown as Load,
}
