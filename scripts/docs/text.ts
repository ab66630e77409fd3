/** Markdown in small pieces. */

const mark = '<!-- Made by scripts/make-docs.ts from the definitions; do not edit. -->'

/** A page: the mark, a title, and paragraphs with empty lines between them; empty ones are left out. */
export function page(title: string, parts: string[]): string {
  return `${[mark, `# ${title}`, ...parts.filter((part) => part !== '')].join('\n\n')}\n`
}

export function table(head: string[], rows: string[][]): string {
  if (rows.length === 0) return ''
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

export function block(language: string, text: string): string {
  // A fence is longer than any within.
  const longest = Math.max(2, ...[...text.matchAll(/^`+/gm)].map(([ticks]) => ticks.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}${language}\n${text.trimEnd()}\n${fence}`
}

export const code = (text: string) => (text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``)
