import * as z from 'zod/mini'
import { defineIntegration } from '../define.ts'

export default defineIntegration({
  name: 'file',
  summary: 'Appends each alert as a line of JSON to a file on this machine.',
  docs: 'https://github.com/ndjson/ndjson-spec',

  options: z.object({
    file: z
      .string()
      .check(
        z.regex(/^\//, 'not an absolute path'),
        z.describe('File to append to; made when it is not there, and again when it was renamed.'),
      ),
  }),
  example: { file: '/var/log/wazuh-alerts.ndjson' },

  request(_, { file }, { line }) {
    return { file, line }
  },
})
