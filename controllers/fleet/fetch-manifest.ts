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

/** The Kubernetes manifest of the outpost with this name, as the core makes it; undefined if the token sees no such one. */
export async function fetchManifest(
  { core, host, token }: CoreAccess,
  name: string,
  withToken: boolean,
): Promise<string | undefined> {
  const answer = await core.request({ path: '/outposts/instances/', query: { name__iexact: name } })
  const outpost = found.safeParse(answer.kind === 'ok' ? answer.body : undefined).data?.results[0]
  if (outpost === undefined) return undefined
  const url = joinUrl(host, `/api/v3/outposts/instances/${outpost.pk}/manifest/?kind=kubernetes&secrets=${withToken}`)
  const headers = { authorization: `Bearer ${token.reveal()}`, accept: 'application/yaml' }
  const manifest = await fetch(url, { headers, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(
    (cause) => {
      throw new CoreUnreachableError('the core does not answer', cause)
    },
  )
  if (manifest.status !== 200) throw new CoreRefusedError(manifest.status, undefined)
  return manifest.text()
}
