/** Names of tags and fields that rules know. rules.c, 4.14.7. */
import { type ComparedName, patternTags } from './rule.ts'

/** Names that `<field name="">` refuses, in any case. */
export const staticFieldNames: ReadonlySet<string> = new Set([
  'srcip',
  'dstip',
  'srcgeoip',
  'dstgeoip',
  'srcport',
  'dstport',
  'user',
  'srcuser',
  'dstuser',
  'url',
  'id',
  'data',
  'extra_data',
  'status',
  'protocol',
  'system_name',
  'action',
])

export interface Comparison {
  different: boolean
  field: ComparedName
  /** The name must be written in lower case, or the tag is not known. */
  exact: boolean
}

const written: [name: string, field: ComparedName, same: 'exact' | 'any', different: 'exact' | 'any'][] = [
  ['srcip', 'srcip', 'any', 'exact'],
  ['dstip', 'dstip', 'any', 'any'],
  ['src_port', 'srcport', 'any', 'any'],
  ['srcport', 'srcport', 'any', 'any'],
  ['dst_port', 'dstport', 'any', 'any'],
  ['dstport', 'dstport', 'any', 'any'],
  ['srcuser', 'srcuser', 'any', 'any'],
  ['user', 'dstuser', 'any', 'any'],
  ['protocol', 'protocol', 'any', 'exact'],
  ['action', 'action', 'any', 'exact'],
  ['id', 'id', 'exact', 'exact'],
  ['url', 'url', 'exact', 'exact'],
  ['data', 'data', 'exact', 'exact'],
  ['extra_data', 'extra_data', 'exact', 'exact'],
  ['status', 'status', 'exact', 'exact'],
  ['system_name', 'system_name', 'exact', 'exact'],
  ['srcgeoip', 'srcgeoip', 'exact', 'exact'],
  ['dstgeoip', 'dstgeoip', 'exact', 'exact'],
  ['location', 'location', 'any', 'any'],
]

/** `same_…`, `different_…` and `not_same_…` by their names in lower case. */
export const comparisonTags: ReadonlyMap<string, Comparison> = new Map([
  ...written.flatMap(([name, field, same, different]): [string, Comparison][] => [
    [`same_${name}`, { different: false, field, exact: same === 'exact' }],
    [`different_${name}`, { different: true, field, exact: different === 'exact' }],
  ]),
  ['same_source_ip', { different: false, field: 'srcip', exact: false }],
  ['not_same_source_ip', { different: true, field: 'srcip', exact: true }],
  ['not_same_id', { different: true, field: 'id', exact: true }],
  ['not_same_user', { different: true, field: 'dstuser', exact: false }],
])

/** Every tag of a rule, for near misses. */
export const knownTags: readonly string[] = [
  ...patternTags,
  ...comparisonTags.keys(),
  'decoded_as',
  'cve',
  'info',
  'time',
  'weekday',
  'group',
  'description',
  'srcip',
  'dstip',
  'field',
  'list',
  'compiled_rule',
  'category',
  'if_sid',
  'if_group',
  'if_level',
  'if_matched_regex',
  'if_matched_group',
  'if_matched_sid',
  'check_diff',
  'if_fts',
  'global_frequency',
  'same_field',
  'not_same_field',
  'different_field',
  'options',
  'ignore',
  'check_if_ignored',
  'mitre',
]
