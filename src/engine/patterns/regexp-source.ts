/** Writing sets of bytes for a native RegExp, so that nothing depends on what an escape means in which language. */

/** A set, given by the membership of each byte, as one character or as a class in whichever sense is shorter. */
export function writeSet(members: Uint8Array): string {
  const [own, others] = [writeRanges(members, 1), writeRanges(members, 0)]
  if (others === '') return '[^]'
  if (own.length === 4) return own
  return own.length <= others.length ? `[${own}]` : `[^${others}]`
}

function writeRanges(members: Uint8Array, wanted: number): string {
  let ranges = ''
  for (let from = 0; from < 256; from++) {
    if (members[from] !== wanted) continue
    let to = from
    while (to < 255 && members[to + 1] === wanted) to++
    ranges += writeByte(from) + (to > from ? (to > from + 1 ? '-' : '') + writeByte(to) : '')
    from = to
  }
  return ranges
}

export function writeByte(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`
}
