/**
 * The shape of `data` by the names of its fields. Which names nest, collide or are dropped depends on nothing else, so the shape is worked out once
 * for each sequence of names and then only filled in.
 *
 * ```
 * names  a.b  a.c  x        pieces  {"a":{"b":  ,"c":  },"x":  }
 * ```
 */
import { addField, type DataMember } from '../alert-data.ts'
import { compactArray } from '../decoding/json.ts'
import { type EngineEvent, Static, staticNames } from '../event.ts'

interface Layout {
  /** Texts around the values: one more than there are values. */
  pieces: string[]
  /** Where each value is: index of a static field, or `firstDynamic` and the position among the fields that are not empty. */
  places: number[]
}

interface Step {
  next: Map<string, Step>
  /** By the set of static fields. */
  layouts: Map<number, Layout>
}

const firstDynamic = 32
/** Names come from the events, so what is remembered of them has an end. */
const maxSteps = 50_000

const dataFields = Static.srcgeoip

export class Layouts {
  private root: Step = newStep()
  private steps = 0
  private readonly values: string[] = []

  /** `data` of an alert; undefined when it would be empty. */
  print(event: EngineEvent): string | undefined {
    const { statics } = event
    let set = 0
    for (let i = 0; i < dataFields; i++) if (statics[i] !== undefined) set |= 1 << i
    const step = this.walk(event)
    if (set === 0 && step === this.root) return undefined
    let layout = step.layouts.get(set)
    if (!layout) step.layouts.set(set, (layout = layoutOf(event, set)))
    const { pieces, places } = layout
    let text = pieces[0]!
    for (let i = 0; i < places.length; i++) {
      const place = places[i]!
      text += place < firstDynamic ? JSON.stringify(statics[place]) : printValue(this.values[place - firstDynamic]!)
      text += pieces[i + 1]!
    }
    return text
  }

  /** Follows the names that have a value, and gathers the values. */
  private walk({ decoder, names, values }: EngineEvent): Step {
    let step = this.root
    this.values.length = 0
    if (!decoder) return step
    for (let i = 0; i < names.length; i++) {
      const value = values[i]
      if (value === undefined || value === '') continue
      this.values.push(value)
      let next = step.next.get(names[i]!)
      if (!next) {
        if (++this.steps > maxSteps) {
          this.root = newStep()
          this.steps = 0
          return this.walk({ decoder, names, values } as EngineEvent)
        }
        step.next.set(names[i]!, (next = newStep()))
      }
      step = next
    }
    return step
  }
}

const newStep = (): Step => ({ next: new Map(), layouts: new Map() })

/** A value that is a whole JSON array is put in as one; everything else is a string. */
function printValue(value: string): string {
  if (value.charCodeAt(0) !== 0x5b) return JSON.stringify(value)
  return compactArray(value) ?? JSON.stringify(value)
}

/** Builds the object as the plain way does, with places for values, and takes its text apart at them. */
function layoutOf({ decoder, names, values }: EngineEvent, set: number): Layout {
  const members: DataMember[] = []
  const places: number[] = []
  const leaf = (name: string, place: number): DataMember => ({ name, printed: String(place) })
  for (const [i, name] of staticNames.entries()) if (set & (1 << i)) members.push(leaf(name, i))
  let position = 0
  for (const [i, name] of decoder ? names.entries() : []) {
    const value = values[i]
    if (value === undefined || value === '') continue
    const place = firstDynamic + position++
    addField(members, name, (last) => leaf(last, place))
  }
  const pieces = ['']
  const write = (text: string) => (pieces[pieces.length - 1] += text)
  const writeObject = (list: readonly DataMember[]) => {
    write('{')
    for (const [i, { name, children, printed }] of list.entries()) {
      write(`${i > 0 ? ',' : ''}${JSON.stringify(name)}:`)
      if (children) writeObject(children)
      else {
        places.push(Number(printed))
        pieces.push('')
      }
    }
    write('}')
  }
  writeObject(members)
  return { pieces, places }
}
