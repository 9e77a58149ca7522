import type { BindSettings } from './bind-settings.ts'

/** Who a connection is bound as. */
export interface Bound {
  /** Under which settings: what one provider lets in, another does not know, nor the same one with other settings. */
  readonly settings: BindSettings
  readonly userPk: number
  /** SHA-256 hex of the key of the core's session that it rests on. */
  readonly session: string | undefined
  readonly username: string
  /** The user's entry. */
  readonly dn: string
  readonly seesEverything: boolean
}
