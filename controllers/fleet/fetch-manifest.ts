import { z } from 'zod'
import type { CoreClient } from '#schema/client/request.ts'
import { CoreRefusedError, CoreUnreachableError } from '#schema/kernel/errors.ts'
import type { Secret } from '#schema/kernel/secret.ts'
import { joinUrl } from '#schema/kernel/url-join.ts'

const TIMEOUT_MS = 15_000
const found = z.object({ results: z.array(z.object({ pk: z.string(), name: z.string() })) })

interface CoreAccess {
  readonly core: CoreClient
  readonly host: URL
  readonly token: Secret
}

export interface ManifestQuestion {
  /** Of the outpost. */
  readonly name: string
  /** For what: `kubernetes` or `compose`. */
  readonly kind: string
  readonly withToken: boolean
  /** Of the cluster, when it is not a new one. */
  readonly kubernetesVersion: string | undefined
}

/** What makes the outpost with this name by hand, as the core writes it; undefined if the token sees no such one. */
export async function fetchManifest(
  { core, host, token }: CoreAccess,
  { name, kind, withToken, kubernetesVersion = '' }: ManifestQuestion,
): Promise<string | undefined> {
  const answer = await core.request({ path: '/outposts/instances/', query: { name__iexact: name } })
  const outpost = found.safeParse(answer.kind === 'ok' ? answer.body : undefined).data?.results[0]
  if (outpost === undefined) return undefined
  const query = new URLSearchParams({ kind, secrets: String(withToken), kubernetes_version: kubernetesVersion })
  const url = joinUrl(host, `/api/v3/outposts/instances/${outpost.pk}/manifest/?${query}`)
  const headers = { authorization: `Bearer ${token.reveal()}`, accept: 'application/yaml' }
  const manifest = await fetch(url, { headers, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(
    (cause) => {
      throw new CoreUnreachableError(`the core at ${host.origin}${host.pathname} does not answer`, cause)
    },
  )
  if (manifest.status !== 200) throw new CoreRefusedError(manifest.status, undefined)
  return manifest.text()
}
