import type { Said } from '#schema/custom-resources/conditions.ts'
import { type CustomKind, propertiesOf } from '#schema/custom-resources/kinds.ts'
import { CoreRefusedError } from '#schema/kernel/errors.ts'

/** What a custom resource is told in its status. */
export interface Outcome {
  readonly ready: Said
  /** Whether the core is as the custom resource says. */
  readonly synced: Said
  /** The key in the core. */
  readonly object?: string
  readonly instances?: number
  readonly version?: string
}

export const isTrue = (reason: string, message: string): Said => ({ status: 'True', reason, message })
export const isFalse = (reason: string, message: string): Said => ({ status: 'False', reason, message })

export const bothSay = (said: Said): Pick<Outcome, 'ready' | 'synced'> => ({ ready: said, synced: said })

/** Nothing was written, and the reason is for a person. */
export const refused = (reason: string, message: string): Outcome => bothSay(isFalse(reason, message))

/** What the core has refused, in words of the spec; undefined for what another try may mend. */
export function refusalOf(custom: CustomKind, error: unknown): Outcome | undefined {
  if (!(error instanceof CoreRefusedError) || error.retryable) return undefined
  if (error.status === 401 || error.status === 403)
    return refused('Forbidden', 'The token for custom resources may not do this in the core.')
  const names = new Map(propertiesOf(custom).map(({ field, name }) => [field, name]))
  const fields = typeof error.body === 'object' && error.body !== null ? Object.entries(error.body) : []
  const said = fields.map(
    ([field, problem]) => `${names.get(field) ?? field}: ${[problem].flat().map(String).join(' ')}`,
  )
  return refused('Rejected', said.length === 0 ? error.detail : said.join('; ').slice(0, 1024))
}
