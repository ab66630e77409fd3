/** Which handler a request goes to, and how its path is shown: without what could be a credential. */
import { Broken, type Handler } from './define.ts'

/** Also for a request that fits no route. */
export interface Found {
  /** The path as people may read it. */
  shown: string
  /** @throws Broken when there is no such path, or not with this method */
  get(): { handler: Handler; params: Record<string, string> }
}

interface Route {
  method: string
  pattern: string
  handler: Handler
  regex: RegExp
}

const compiled = new WeakMap<Record<string, Handler>, Route[]>()

export function findRoute(routes: Record<string, Handler>, method: string, path: string): Found {
  let all = compiled.get(routes)
  if (!all) {
    all = Object.entries(routes).map(compile)
    compiled.set(routes, all)
  }
  const here = all.filter(({ regex }) => regex.test(path))
  const route = here.find((one) => one.method === '*' || one.method === method)
  if (!route) {
    const isMethod = here.length > 0
    const takes = (isMethod ? here : all).map((one) => `${one.method} ${one.pattern.replaceAll('{*', '{')}`)
    const rule = `${isMethod ? 'wrong method' : 'no such path'}; it takes ${takes.join(', ')}`
    return {
      shown: isMethod ? show(path, here[0]!) : showUnknown(path),
      get() {
        throw new Broken(rule, isMethod ? 405 : 404)
      },
    }
  }
  return {
    shown: show(path, route),
    get: () => ({ handler: route.handler, params: paramsOf(path, route) }),
  }
}

function compile([place, handler]: [string, Handler]): Route {
  const [method = '', pattern = ''] = place.split(' ')
  const source = pattern
    .split(/(\{[^}]+\})/)
    .map((part) => {
      const name = /^\{\*?(\w+)(\.\.\.)?\}$/.exec(part)
      if (!name) return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      return `(?<${name[1]}>${name[2] ? '.*' : '[^/]+?'})`
    })
    .join('')
  return { method, pattern, handler, regex: new RegExp(`^${source}$`) }
}

function paramsOf(path: string, { regex }: Route): Record<string, string> {
  const params: Record<string, string> = {}
  for (const [name, value] of Object.entries(regex.exec(path)?.groups ?? {})) {
    try {
      params[name] = decodeURIComponent(value)
    } catch {
      throw new Broken(`the ${name} in the path is not percent-encoded UTF-8`)
    }
  }
  return params
}

function show(path: string, { pattern, regex }: Route): string {
  const values = regex.exec(path)?.groups ?? {}
  return pattern.replace(/\{(\*?)(\w+)(\.\.\.)?\}/g, (_, hidden, name) => (hidden ? '***' : short(values[name] ?? '')))
}

/** A path that fits no route may be a hook's with a slip in it, so only its beginning is shown. */
function showUnknown(path: string): string {
  const [, first = '', ...rest] = path.split('/')
  const isWord = /^[a-z][a-z_.-]{0,20}$/i.test(first) || first === ''
  return `/${isWord ? first : '…'}${rest.length > 0 ? '/…' : ''}`
}

function short(value: string): string {
  return value.length > 60 ? `${value.slice(0, 60)}…` : value
}
