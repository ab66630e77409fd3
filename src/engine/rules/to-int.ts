/** Numbers as C reads them from the start of a text. */

/** `atoi`: leading white space, a sign, digits; 0 when there is no number, and the low 32 bits of one that is too large. */
export function toInt(text: string): number {
  const number = /^[ \t-\r]*([+-]?\d+)/.exec(text)?.[1]
  if (number === undefined) return 0
  // strtol stops at the ends of 64 bits before the cast.
  const wide = BigInt(number)
  const clamped =
    wide > 0x7fffffffffffffffn ? 0x7fffffffffffffffn : wide < -0x8000000000000000n ? -0x8000000000000000n : wide
  return Number(BigInt.asIntN(32, clamped))
}

/** `OS_StrIsNum`: digits only; the empty text counts. */
export function isDigits(text: string): boolean {
  return !/[^0-9]/.test(text)
}
