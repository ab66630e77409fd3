/** File names by pattern, as glob(3) and fnmatch(3) without flags find them: `*`, `?` and `[…]` within one part of a path, no `**`, no `{…}`. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** True when a path has characters that make it a pattern. */
export function isPattern(path: string): boolean {
  return /[*?[]/.test(path)
}

/** The regular files (also through symbolic links) that an absolute pattern stands for, sorted. */
export function filesLike(pattern: string): string[] {
  let found = ['/']
  for (const part of pattern.split('/').filter(Boolean)) {
    found = isPattern(part)
      ? found.flatMap((folder) => namesLike(part, folder).map((name) => join(folder, name)))
      : found.map((folder) => join(folder, part))
  }
  return found.filter(isFile).sort()
}

/** True when a path is one that the pattern stands for. */
export function isLike(path: string, pattern: string): boolean {
  const [parts, wanted] = [path.split('/'), pattern.split('/')]
  return parts.length === wanted.length && wanted.every((part, n) => partTest(part)(parts[n]!))
}

function namesLike(part: string, folder: string): string[] {
  try {
    return readdirSync(folder).filter(partTest(part))
  } catch {
    // Not a folder, or not ours to read: glob(3) passes over it too.
    return []
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
  } catch {
    return false
  }
}

function partTest(part: string): (name: string) => boolean {
  let source = ''
  for (let at = 0; at < part.length; at++) {
    const char = part[at]!
    const set = char === '[' ? /^\[([!^]?)(\]?[^\]]*)\]/.exec(part.slice(at)) : null
    if (char === '*') source += '[^]*'
    else if (char === '?') source += '[^]'
    else if (char === '\\' && at + 1 < part.length) source += quote(part[++at]!)
    else if (set) {
      source += `[${set[1] ? '^' : ''}${set[2]!.replace(/[\\\]^[]/g, '\\$&')}]`
      at += set[0].length - 1
    } else source += quote(char)
  }
  const regex = new RegExp(`^${source}$`)
  // A leading dot must be written.
  return (name) => regex.test(name) && (!name.startsWith('.') || part.startsWith('.'))
}

function quote(char: string): string {
  return char.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&')
}
