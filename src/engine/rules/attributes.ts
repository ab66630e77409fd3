/** Attributes of `<rule>`. rules.c: getattributes, 4.14.7. */
import type { XmlElement } from '../../wazuh/os-xml.ts'
import type { Report } from './report.ts'
import { isDigits, toInt } from './to-int.ts'

export interface RuleAttributes {
  /** Missing when none was given. */
  id?: number
  level?: number
  maxsize: number
  /** The written number less 2. */
  frequency: number
  timeframe: number
  accuracy: number
  noalert: boolean
  ignore_time: number
  overwrite: boolean
}

export const ruleAttributes = [
  'id',
  'level',
  'maxsize',
  'timeframe',
  'frequency',
  'accuracy',
  'ignore',
  'noalert',
  'overwrite',
]

/** `sscanf("%Nd")` on a text of digits: the first N of them; the default stays for the empty text. */
const firstDigits = (text: string, count: number, otherwise: number) =>
  text === '' ? otherwise : Number(text.slice(0, count))

/** @returns undefined when the file cannot be loaded, which `report` has been told */
export function readAttributes(rule: XmlElement, defaultTimeframe: number, report: Report): RuleAttributes | undefined {
  const read: RuleAttributes = {
    maxsize: 0,
    frequency: 0,
    timeframe: defaultTimeframe,
    accuracy: 1,
    noalert: false,
    ignore_time: 0,
    overwrite: false,
  }
  const refuse = (text: string, message: string, hint: string | { oneOf: string[]; got: string }) => {
    report.refuse(`rules_op: ${text}`, message, hint)
    return undefined
  }
  for (const { name, value } of rule.attributes) {
    const number = isDigits(value)
    switch (name.toLowerCase()) {
      case 'id':
        if (!number || value.length > 6) {
          return refuse(
            `Invalid rule id: ${value}. Must be integer (max 6 digits)`,
            `rule id "${value}" is no number of at most six digits`,
            'use a number from 100000 to 120000',
          )
        }
        if (value !== '') read.id = Number(value)
        break
      case 'level':
        if (!number) break
        read.level = toInt(value)
        if (read.level < 0 || read.level > 16) {
          return refuse(
            `Invalid level: ${read.level}. Must be an integer between 0 and 16.`,
            `level "${value}" is out of range`,
            'use a number from 0 to 16',
          )
        }
        break
      case 'maxsize':
        if (!number) return refuse(`Invalid maxsize: ${value}. Must be integer`, notNumber(name, value), 'write bytes')
        read.maxsize = firstDigits(value, 4, read.maxsize)
        break
      case 'timeframe':
        if (!number) {
          const text = `Invalid timeframe: ${value}. Must be integer (max 5 digits)`
          return refuse(text, notNumber(name, value), 'write seconds')
        }
        read.timeframe = firstDigits(value, 5, read.timeframe)
        break
      case 'frequency': {
        if (!number) {
          return refuse(`Invalid frequency: ${value}. Must be integer`, notNumber(name, value), 'write how many events')
        }
        const frequency = toInt(value)
        if (frequency < 2 || frequency > 9999) {
          return refuse(
            `Invalid frequency: ${frequency}. Must be higher than 1 and lower than 10000.`,
            `frequency "${value}" is out of range`,
            'use a number from 2 to 9999; the rule then fires at the event of that number',
          )
        }
        read.frequency = frequency - 2
        break
      }
      case 'accuracy':
        if (!number)
          return refuse(`Invalid accuracy: ${value}. Must be integer`, notNumber(name, value), 'write 0 or 1')
        read.accuracy = firstDigits(value, 4, read.accuracy)
        break
      case 'ignore':
        if (!number) {
          const text = `Invalid ignore_time: ${value}. Must be integer (max 6 digits)`
          return refuse(text, notNumber(name, value), 'write seconds')
        }
        read.ignore_time = firstDigits(value, 6, read.ignore_time)
        break
      case 'noalert':
        if (value === '0') read.noalert = false
        else if (value === '1') read.noalert = true
        else {
          report.warn(
            "Invalid value for attribute 'noalert'",
            `noalert "${value}" is neither 0 nor 1, and is taken as not written`,
          )
        }
        break
      case 'overwrite':
        if (value === 'yes') read.overwrite = true
        else if (value === 'no') read.overwrite = false
        else {
          return refuse(
            `Invalid overwrite: ${value}. Can only by 'yes' or 'no'.`,
            `overwrite "${value}" is neither yes nor no`,
            'write yes or no in lower case',
          )
        }
        break
      default:
        return refuse(
          `Invalid attribute "${name}". Only id, level, maxsize, accuracy, noalert, ignore, frequency and timeframe are allowed.`,
          `a rule has no attribute "${name}"`,
          { oneOf: ruleAttributes, got: name },
        )
    }
  }
  return read
}

const notNumber = (name: string, value: string) => `${name} "${value}" is no number`
