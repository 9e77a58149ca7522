import { argon2, pbkdf2, randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import { equalOctets } from '#schema/kernel/equal.ts'
import { BoundedWork } from './bounded-work.ts'

/** OWASP's first choice for Argon2id: 19 MiB, two passes, one lane. */
const COST = { memory: 19_456, passes: 2, parallelism: 1 }
const SALT_OCTETS = 16
const HASH_OCTETS = 32
/** What a stored hash may ask for at most, so that a hostile import cannot stall the process. */
const LIMITS = { memory: 262_144, passes: 16, parallelism: 16, iterations: 5_000_000 }

// The hashes run on the thread pool of libuv; one of its four threads stays free for files and names.
const work = new BoundedWork({ running: Math.min(3, availableParallelism()), waiting: 1_000 })
/** How much of it there was and is; see `password-metrics.ts`. */
export const passwordWork: Pick<BoundedWork, 'begun' | 'waiting'> = work
const argon2id = promisify(argon2).bind(undefined, 'argon2id')
const derivePbkdf2 = promisify(pbkdf2)

/** An Argon2id hash in PHC string format. An OverloadedError when too many hashes are waiting. */
export async function hashPassword(text: string): Promise<string> {
  const nonce = randomBytes(SALT_OCTETS)
  const hash = await work.run(() => argon2id({ message: text, nonce, tagLength: HASH_OCTETS, ...COST }))
  const { memory, passes, parallelism } = COST
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${phcBase64(nonce)}$${phcBase64(hash)}`
}

/**
 * Whether the text is the stored password (`$argon2id$…`, or Django's `pbkdf2_sha256$…`).
 * No password, or a hash that cannot be read, costs a hash too, so that time tells nothing.
 */
export async function verifyPassword(text: string, stored: string | null): Promise<boolean> {
  const check = stored === null ? undefined : (argon2Check(stored) ?? pbkdf2Check(stored))
  if (check !== undefined) return work.run(() => check(text))
  await hashPassword(text)
  return false
}

/** Whether a password that was just verified should be hashed again with today's cost. */
export function isOutdatedHash(stored: string): boolean {
  const { memory, passes, parallelism } = COST
  return !stored.startsWith(`$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$`)
}

type Check = (text: string) => Promise<boolean>

const ARGON2 =
  /^\$argon2id\$v=19\$m=(\d{1,9}),t=(\d{1,4}),p=(\d{1,4})\$([A-Za-z0-9+/]{11,128})\$([A-Za-z0-9+/]{22,128})$/

function argon2Check(stored: string): Check | undefined {
  const match = ARGON2.exec(stored)
  if (match === null) return undefined
  const [memory, passes, parallelism] = match.slice(1, 4).map(Number) as [number, number, number]
  if (memory > LIMITS.memory || passes > LIMITS.passes || parallelism > LIMITS.parallelism) return undefined
  if (passes < 1 || parallelism < 1 || memory < 8 * parallelism) return undefined
  const nonce = Buffer.from(match[4]!, 'base64')
  const expected = Buffer.from(match[5]!, 'base64')
  return async (message) =>
    equalOctets(await argon2id({ message, nonce, memory, passes, parallelism, tagLength: expected.length }), expected)
}

const PBKDF2 = /^pbkdf2_sha256\$(\d{1,8})\$([^$]{1,128})\$([A-Za-z0-9+/]{43}=)$/

function pbkdf2Check(stored: string): Check | undefined {
  const match = PBKDF2.exec(stored)
  const iterations = Number(match?.[1])
  if (match === null || iterations < 1 || iterations > LIMITS.iterations) return undefined
  const expected = Buffer.from(match[3]!, 'base64')
  return async (text) =>
    equalOctets(await derivePbkdf2(text, match[2]!, iterations, expected.length, 'sha256'), expected)
}

const phcBase64 = (octets: Buffer): string => octets.toString('base64').replaceAll('=', '')
