import { randomBytes, randomUUID } from 'node:crypto'
import type { CoreContext } from '#core/context.ts'
import type { Database } from './database.ts'
import { tokens } from './tables/users.ts'

export type TokenRecord = typeof tokens.$inferSelect
type NewToken = Omit<typeof tokens.$inferInsert, 'keyHash' | 'keySealed' | 'tokenUuid'>

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** A random text of letters and digits, each of them equally likely. */
export function randomKey(length: number): string {
  let key = ''
  while (key.length < length)
    for (const octet of randomBytes(length)) if (octet < 248 && key.length < length) key += ALPHABET[octet % 62]
  return key
}

/** How a key is stored: hashed to be found by, sealed to be shown again. */
export function keyColumns({ keys }: Pick<CoreContext, 'keys'>, tokenUuid: string, key: string) {
  return { keyHash: keys.hash(key), keySealed: keys.seal(key, `tokens.key_sealed:${tokenUuid}`) }
}

/** The key of a token, for those who may see it. */
export function revealKey({ keys }: Pick<CoreContext, 'keys'>, token: TokenRecord): string {
  return keys.unseal(token.keySealed, `tokens.key_sealed:${token.tokenUuid}`)
}

/** Stores a new token with the given key, a random one by default, and returns the key. */
export async function createToken(
  ctx: Pick<CoreContext, 'keys' | 'config'>,
  db: Database,
  token: NewToken,
  key = randomKey(ctx.config.defaultTokenLength),
): Promise<string> {
  const tokenUuid = randomUUID()
  await db.insert(tokens).values({ ...token, tokenUuid, ...keyColumns(ctx, tokenUuid, key) })
  return key
}
