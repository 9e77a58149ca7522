import { dockerAgent, localDockerUrl } from '#controllers/docker/connect.ts'
import { EngineApi } from '#controllers/docker/engine-api.ts'
import { MartelloError } from '#schema/kernel/errors.ts'

/** compat: the name that the reference gives it. */
const NAME = 'Local Docker connection'

/** A connection to the daemon that a local one would reach, if it is behind a unix socket and answers. */
export async function findDocker(
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<object | undefined> {
  const url = localDockerUrl(env)
  if (!url.startsWith('unix:')) return undefined
  try {
    using api = new EngineApi(dockerAgent({ url, local: true }, env))
    await api.call({ path: '/_ping', signal })
    return { name: NAME, local: true, url }
  } catch (error) {
    if (!(error instanceof MartelloError)) throw error
    return undefined
  }
}
