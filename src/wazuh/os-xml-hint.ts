import type { XmlError } from './os-xml.ts'

const hints: [pattern: RegExp, hint: string][] = [
  [/^Bad attribute closing for 'version'/, 'delete the <?xml …?> line: Wazuh does not read XML declarations'],
  [/^Bad attribute closing/, 'put a blank between attributes'],
  [
    /^Comment not closed/,
    'end it with -->; everything that begins with <! is a comment here, also <!DOCTYPE and <![CDATA[',
  ],
  [/^Element not opened/, 'delete this closing tag, or write the opening one before it'],
  [
    /^Element '.*' not closed/s,
    'close it before any other element ends, with the same letters and no blank before the >',
  ],
  [
    /^End of file and some/,
    'close the element that begins here; a value cannot end in a backslash, because it takes the < behind it for a character',
  ],
  [
    /has no value/,
    'write name="value" without a blank before the =; a < inside text begins a tag, in a pattern write \\<',
  ],
  [/not followed by a "/, 'put the value in quotes'],
  [/^Attribute '.*' not closed/s, 'close the quotes; a > cannot stand inside an attribute'],
  [/already defined/, 'delete one of the two'],
  [/overflow/i, 'names and values may have at most 20479 bytes; is a closing tag missing?'],
  [/^Too many attributes/, 'at most 49 are read'],
  [/^Max recursion/, 'at most 1024 elements may stand inside each other; is a closing tag missing?'],
  [/^End of file while/, 'close the quotes and the tag'],
]

/** How to mend a mistake that {@link XmlError} tells of. */
export function xmlHint(error: Pick<XmlError, 'message'>): string | undefined {
  return hints.find(([pattern]) => pattern.test(error.message))?.[1]
}
