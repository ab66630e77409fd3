/**
 * Splits a command as modulesd does before it runs it without a shell (w_strtok in shared/string_op.c, 4.14): blanks separate, `"` quotes and vanishes,
 * `\` takes the next character as it is. Tabs, single quotes, `$`, `|` and all else stand for themselves.
 */
export function splitCommand(text: string): string[] {
  const words: string[] = []
  let word: string | undefined
  let isQuoted = false
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!
    if (char === ' ' && !isQuoted) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (char === '"') {
      isQuoted = !isQuoted
      word ??= ''
    } else word = (word ?? '') + (char === '\\' && at + 1 < text.length ? text[++at] : char)
  }
  if (word !== undefined) words.push(word)
  return words
}
