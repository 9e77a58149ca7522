import { z } from 'zod'
import type { OpenTarget } from '#controllers/loop/targets.ts'
import type { CoreClient } from '#schema/client/request.ts'
import type { Clock, Random } from '#schema/kernel/clock.ts'
import { CoreUnreachableError } from '#schema/kernel/errors.ts'
import { type DockerCredentials, dockerAgent } from './connect.ts'
import { DockerTarget } from './docker-target.ts'
import { EngineApi } from './engine-api.ts'

const connectionShape = z.object({
  url: z.string(),
  local: z.boolean(),
  tls_verification: z.string().nullish(),
  tls_authentication: z.string().nullish(),
  ssh_host_key: z.string().nullish(),
})
const dataShape = z.object({ data: z.string() })

export interface OpenDockerOptions {
  readonly core: CoreClient
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly random: Random
}

/** Opens Docker service connections; key pairs are read from the core and stay in memory. */
export function openDockerTarget({ core, env, clock, random }: OpenDockerOptions): OpenTarget {
  const read = async <T>(path: string, shape: z.ZodType<T>): Promise<T> => {
    const answer = await core.request({ path })
    const parsed = shape.safeParse(answer.kind === 'ok' ? answer.body : undefined)
    if (!parsed.success) throw new CoreUnreachableError('a service connection cannot be read', parsed.error)
    return parsed.data
  }
  const pem = async (pair: string | null | undefined, part: string) =>
    pair == null
      ? undefined
      : (await read(`/crypto/certificatekeypairs/${encodeURIComponent(pair)}/${part}/`, dataShape)).data
  return async ({ pk }) => {
    const found = await read(`/outposts/service_connections/docker/${pk}/`, connectionShape)
    const { tls_verification: verification, tls_authentication: authentication } = found
    const isSsh = found.url.startsWith('ssh:')
    const credentials: DockerCredentials = {
      url: found.url,
      local: found.local,
      ca: await pem(verification, 'view_certificate'),
      certificate: isSsh ? undefined : await pem(authentication, 'view_certificate'),
      key: await pem(authentication, 'view_private_key'),
      sshHostKey: found.ssh_host_key ?? undefined,
    }
    return new DockerTarget({ api: new EngineApi(dockerAgent(credentials, env)), clock, random })
  }
}
