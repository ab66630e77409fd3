/**
 * The layout of `data` by the names of its fields. Which names nest, collide or are dropped depends on nothing else, so it is worked out once for
 * each shape and then only filled in.
 *
 * ```
 * names  a.b  a.c  x        pieces  ,"data":{"a":{"b":  ,"c":  },"x":  }
 * ```
 */

import { type ByteText, piecesOf } from '../../byte-text.ts'
import { addField, type DataMember } from '../alert-data.ts'
import { compactArray } from '../decoding/json.ts'
import { type EngineEvent, Static, staticNames } from '../event.ts'
import { emptyShape, type Layout, type Shape } from '../shape.ts'

const firstDynamic = 32
const openArray = 0x5b

const dataFields = Static.srcgeoip

/** Adds `data` of an alert with the comma in front of it; nothing when it would be empty. */
export function addData(line: ByteText, event: EngineEvent): void {
  const { statics } = event
  let set = 0
  for (let i = 0; i < dataFields; i++) if (statics[i] !== undefined) set |= 1 << i
  let { shape, values } = event
  if (!event.decoder || values.includes('')) ({ shape, values } = withoutEmpty(event))
  if (set === 0 && shape.size === 0) return
  const { pieces, places } = shape.layoutFor(set) ?? addedLayout(shape, set)
  line.addPiece(pieces, 0)
  for (let i = 0; i < places.length; i++) {
    const place = places[i]!
    if (place < firstDynamic) line.addQuoted(statics[place]!)
    else addValue(line, values[place - firstDynamic]!)
    line.addPiece(pieces, i + 1)
  }
}

function addedLayout(shape: Shape, set: number): Layout {
  const layout = layoutOf(shape, set)
  shape.keepLayout(layout)
  return layout
}

/** Fields without a value are not printed, and without a decoder none is. */
function withoutEmpty({ decoder, shape, values }: EngineEvent): { shape: Shape; values: string[] } {
  const kept: { shape: Shape; values: string[] } = { shape: emptyShape(), values: [] }
  if (!decoder) return kept
  for (const [i, name] of shape.names.entries()) {
    if (values[i] === '') continue
    kept.shape = kept.shape.with(name)
    kept.values.push(values[i]!)
  }
  return kept
}

/** A value that is a whole JSON array is put in as one; everything else is a string. */
function addValue(line: ByteText, value: string): void {
  const array = value.charCodeAt(0) === openArray ? compactArray(value) : undefined
  if (array === undefined) line.addQuoted(value)
  else line.add(array)
}

/** Builds the object as the plain way does, with places for values, and takes its text apart at them. */
function layoutOf({ names }: Shape, set: number): Layout {
  const members: DataMember[] = []
  const places: number[] = []
  const leaf = (name: string, place: number): DataMember => ({ name, printed: String(place) })
  for (const [i, name] of staticNames.entries()) if (set & (1 << i)) members.push(leaf(name, i))
  for (const [i, name] of names.entries()) addField(members, name, (last) => leaf(last, firstDynamic + i))
  const pieces = [',"data":']
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
  return { set, pieces: piecesOf(pieces), places }
}
