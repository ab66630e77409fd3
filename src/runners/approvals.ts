/** What a block that waits for a person leads to: a link in the log and in an event, so that whoever is told of it can answer. */
import type { Config } from '../config.ts'
import { type ApprovalLinks, createApprovalLinks } from '../responses/approval-links.ts'
import type { Block } from '../responses/block.ts'

export interface Approvals {
  links: ApprovalLinks
  /** To be told to the responder; the link, once it is known where we can be reached. */
  asked(block: Block, until: number): string | undefined
  /** Where we listen. Links have `listen.url` of the configuration, where there is one. */
  listening(url: string): void
  /** Who else is told. */
  tell(listener: (block: Block, url: string) => void): void
}

export function createApprovals({ listen }: Pick<Config, 'listen'>, secret: string): Approvals {
  const links = createApprovalLinks(secret)
  let base = listen.url
  let told: ((block: Block, url: string) => void) | undefined
  return {
    links,
    asked(block, until) {
      if (base === undefined) return undefined
      const url = base + links.path(block.id, until)
      told?.(block, url)
      return url
    },
    listening(url) {
      base ??= url
    },
    tell(listener) {
      told = listener
    },
  }
}
