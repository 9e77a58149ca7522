import type { IncomingMessage } from 'node:http'
import { CoreUnreachableError } from '#schema/kernel/errors.ts'
import type { Application } from '../application.ts'
import type { Visitor } from '../codec/identity.ts'
import type { Header } from '../codec/identity-headers.ts'
import { isOutpostPath } from '../codec/outpost-path.ts'
import { isSkipped } from '../codec/skip-rules.ts'

/** Whether a request may pass. */
export type Admission =
  /** What the application is told, and who it is told about; nobody on public paths. */
  | { readonly kind: 'passes'; readonly headers: readonly Header[]; readonly visitor: Visitor | undefined }
  /** A token that is no good. Whoever sends one is a program, for which a way to sign in is no answer (PX-39). */
  | { readonly kind: 'bad-token' }
  | { readonly kind: 'stranger' }
  /** The core would have to be asked, and does not answer. */
  | { readonly kind: 'away' }

/** Decides about a request for `target`, which is the request's own or the one that a reverse proxy asks about. */
export async function admit(application: Application, req: IncomingMessage, target: string): Promise<Admission> {
  const session = application.visitor(req.headers.cookie)
  const visitor = session ?? (await bearerOf(application, req))
  if (visitor !== undefined && visitor !== 'away')
    return { kind: 'passes', headers: application.headersOf(visitor), visitor }
  // The outpost's own paths are public where they are asked for, not where somebody says that they were (PX-02).
  if (!isOutpostPath(target) && isSkipped(application.settings.skips, target))
    return { kind: 'passes', headers: application.nobody, visitor: undefined }
  if (visitor === 'away') return { kind: 'away' }
  return { kind: sendsToken(req) ? 'bad-token' : 'stranger' }
}

async function bearerOf(application: Application, req: IncomingMessage): Promise<Visitor | 'away' | undefined> {
  const { authorization = [] } = req.headersDistinct
  try {
    return authorization.length === 1 ? await application.bearer(authorization[0]) : undefined
  } catch (error) {
    if (error instanceof CoreUnreachableError) return 'away'
    throw error
  }
}

const sendsToken = ({ headersDistinct: { authorization = [] } }: IncomingMessage) =>
  authorization.some((value) => /^bearer(?: |$)/i.test(value))
