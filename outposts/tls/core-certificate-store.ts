import { createSecureContext, type SecureContext } from 'node:tls'
import { z } from 'zod'
import { ConditionalRead } from '#schema/client/conditional.ts'
import type { CoreClient } from '#schema/client/request.ts'
import type { Clock } from '#schema/kernel/clock.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import type { CertificateStore } from './certificate-store.ts'
import { selfSigned } from './self-signed.ts'

const MIN_VERSION = 'TLSv1.2'
const MAX_PAIRS = 1_000

const pairShape = z.object({ fingerprint_sha256: z.string() })
const dataShape = z.object({ data: z.string().min(1) })

interface KnownPair {
  /** What the core says of the pair; the very same object while it says nothing else. */
  readonly described: ConditionalRead<z.infer<typeof pairShape>>
  /** Undefined until it could be read once. */
  readonly material: { readonly fingerprint: string; readonly context: SecureContext } | undefined
}

/** Key pairs of the core by id; a pair is fetched again only when its fingerprint has changed. */
export class CoreCertificateStore implements CertificateStore {
  readonly #core: CoreClient
  readonly #log: Logger
  readonly #fallback: SecureContext
  readonly #fallbackPair: { readonly cert: string; readonly key: string }
  #pairs = new Map<string, KnownPair>()

  private constructor(core: CoreClient, log: Logger, pair: { readonly cert: string; readonly key: string }) {
    this.#core = core
    this.#log = log
    this.#fallbackPair = pair
    this.#fallback = createSecureContext({ ...pair, minVersion: MIN_VERSION })
  }

  static async create(core: CoreClient, log: Logger, clock: Clock): Promise<CoreCertificateStore> {
    return new CoreCertificateStore(core, log, await selfSigned('martello outpost', clock.now()))
  }

  async refresh(ids: readonly string[]): Promise<void> {
    const wanted = [...new Set(ids)].slice(0, MAX_PAIRS)
    this.#pairs = new Map(await Promise.all(wanted.map(async (id) => [id, await this.#fetch(id)] as const)))
  }

  get(id: string | null | undefined): SecureContext | undefined {
    return id == null ? undefined : this.#pairs.get(id)?.material?.context
  }

  fallback(): SecureContext {
    return this.#fallback
  }

  fallbackPair(): { readonly cert: string; readonly key: string } {
    return this.#fallbackPair
  }

  /** The pair as it is now; the one from before when it cannot be read. */
  async #fetch(id: string): Promise<KnownPair> {
    const path = `/crypto/certificatekeypairs/${encodeURIComponent(id)}/`
    const described = new ConditionalRead(this.#core, { path }, (body) => pairShape.parse(body))
    const known = this.#pairs.get(id) ?? { described, material: undefined }
    try {
      const { fingerprint_sha256: fingerprint } = await known.described.now()
      if (known.material?.fingerprint === fingerprint) return known
      const { data: cert } = dataShape.parse(await this.#read(`${path}view_certificate/`))
      const { data: key } = dataShape.parse(await this.#read(`${path}view_private_key/`))
      const context = createSecureContext({ cert, key, minVersion: MIN_VERSION })
      return { ...known, material: { fingerprint, context } }
    } catch (cause) {
      this.#log.warning('a certificate could not be read; the one from before stays', { certificate: id, cause })
      return known
    }
  }

  async #read(path: string): Promise<unknown> {
    const answer = await this.#core.request({ path })
    return answer.kind === 'ok' ? answer.body : undefined
  }
}
