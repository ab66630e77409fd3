/** How alerts are distributed; the four parts and their names are those of the guide's `analyze_alerts`. */
import type { Alert } from './alert.ts'

export interface Report {
  by_level: Map<string, number>
  top_rules: Map<string, number>
  top_agents: Map<string, number>
  top_mitre: Map<string, number>
}

/** Counts alerts as they come; `result` gives the `top` most frequent of each, most frequent first, then first seen first. */
export function createReport(): { add(alert: Partial<Alert>): void; result(top?: number): Report } {
  const counts: Report = { by_level: new Map(), top_rules: new Map(), top_agents: new Map(), top_mitre: new Map() }
  const count = (map: Map<string, number>, key: unknown) => map.set(String(key), (map.get(String(key)) ?? 0) + 1)

  return {
    add({ rule, agent }) {
      count(counts.by_level, rule?.level ?? 0)
      count(counts.top_rules, rule?.id ?? 'unknown')
      count(counts.top_agents, agent?.name ?? 'unknown')
      for (const technique of rule?.mitre?.id ?? []) count(counts.top_mitre, technique)
    },
    result(top = 10) {
      const most = (map: Map<string, number>) => new Map([...map].sort((a, b) => b[1] - a[1]).slice(0, top))
      return {
        by_level: most(counts.by_level),
        top_rules: most(counts.top_rules),
        top_agents: most(counts.top_agents),
        top_mitre: most(counts.top_mitre),
      }
    },
  }
}

/** The report as the guide's script prints it. By hand, because an object would put keys like "5710" in numeric order. */
export function reportToJson(report: Report): string {
  const parts = Object.entries(report).map(([name, map]) => {
    const rows = [...(map as Map<string, number>)].map(([key, n]) => `    ${JSON.stringify(key)}: ${n}`)
    return `  ${JSON.stringify(name)}: ${rows.length === 0 ? '{}' : `{\n${rows.join(',\n')}\n  }`}`
  })
  return `{\n${parts.join(',\n')}\n}\n`
}
