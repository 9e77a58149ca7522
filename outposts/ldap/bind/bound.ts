/** Who a connection is bound as. */
export interface Bound {
  /** Id of the provider: what one provider lets in, another does not know. */
  readonly provider: number
  readonly userPk: number
  readonly username: string
  /** The user's entry. */
  readonly dn: string
  readonly seesEverything: boolean
}
