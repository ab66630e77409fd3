/** Where an option stands within the configuration. Apart from the reader of YAML, so that small scripts can check options without it. */
export type Path = readonly (string | number)[]

/** `destinations.soc-slack.rule_id[2]` */
export function pathText(path: Path): string {
  return path.map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`)).join('')
}
